"""A mail server for tests, small enough to be rude: it takes mails, refuses addresses or mails, or says nothing."""

import contextlib
import socket
import socketserver
import threading


class Conversation(socketserver.StreamRequestHandler):
    def say(self, line):
        self.wfile.write(f"{line}\r\n".encode())

    def handle(self):
        server = self.server
        server.calls += 1
        self.say("220 ready")
        to = ""
        while line := self.rfile.readline().decode().strip():
            verb = line.split(":")[0].upper()
            if verb == "RCPT TO":
                to = line.split("<")[1].split(">")[0]
                self.say("550 5.1.1 no such person" if to in server.refused else "250 ok")
            elif verb == "DATA":
                self.say("354 go on")
                mail = b"".join(iter(self.rfile.readline, b".\r\n"))
                refused = to in server.mails_refused
                self.say("554 5.7.1 this looks like spam" if refused else "250 taken")
                if not refused:
                    server.taken.append((to, mail.decode()))
            elif verb == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")


@contextlib.contextmanager
def smtp(settings, *, refused=(), mails_refused=()):
    """A server, named in the settings; `taken` lists what it took, with the address."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Conversation) as server:
        server.refused, server.mails_refused, server.taken, server.calls = refused, mails_refused, [], 0
        use(settings, server.server_address[1])
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@contextlib.contextmanager
def silence(settings):
    """A server that is connected to and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        use(settings, listening.getsockname()[1])
        yield listening


def use(settings, port):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", port, 0.3


def nobody_there(settings):
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    use(settings, port)
