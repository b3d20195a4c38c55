"""A real LibreOffice, without a screen: Debian's package, or the one that SOFFICE names. Without one, tests fail."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

FILTERS = {".xlsx": "Calc MS Excel 2007 XML", ".ods": "calc8"}
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
LIBRARY = 'xmlns:library="http://openoffice.org/2000/library" xmlns:xlink="http://www.w3.org/1999/xlink"'
MACRO = """
Sub Cell(path As String, filter As String, sheet As String, address As String, typed As String)
  Dim hidden(0) As New com.sun.star.beans.PropertyValue
  hidden(0).Name = "Hidden"
  hidden(0).Value = True
  book = StarDesktop.loadComponentFromURL(ConvertToURL(path), "_blank", 0, hidden())
  If address &lt;&gt; "" Then book.Sheets.getByName(sheet).getCellRangeByName(address).setFormula(typed)
  Dim how(0) As New com.sun.star.beans.PropertyValue
  how(0).Name = "FilterName"
  how(0).Value = filter
  book.storeToURL(ConvertToURL(path), how())
  book.close(True)
End Sub
"""
PROFILE = {
    "registrymodifications.xcu": '<oor:items xmlns:oor="http://openoffice.org/2001/registry">'
    '<item oor:path="/org.openoffice.Setup/Office"><prop oor:name="ooSetupInstCompleted" oor:op="fuse">'
    "<value>true</value></prop></item></oor:items>",  # else the first start lays an empty library over ours
    "basic/script.xlc": f'<library:libraries {LIBRARY}><library:library library:name="Standard" '
    'xlink:href="$(USER)/basic/Standard/script.xlb/" xlink:type="simple" library:link="false"/></library:libraries>',
    "basic/Standard/script.xlb": f'<library:library {LIBRARY} library:name="Standard" library:readonly="false" '
    'library:passwordprotected="false"><library:element library:name="Edit"/></library:library>',
    "basic/Standard/Edit.xba": '<script:module xmlns:script="http://openoffice.org/2000/script" script:name="Edit" '
    f'script:language="StarBasic">{MACRO}</script:module>',
}


def edit_cell(file, sheet="", address="", typed=""):
    """Open the workbook, type into the cell, save it in its own format; without an address, only open and save."""
    soffice = os.environ.get("SOFFICE") or shutil.which("soffice")
    if not soffice:
        pytest.fail(
            "No LibreOffice: install Debian's libreoffice-calc-nogui package (make office does), or name a soffice "
            "in SOFFICE."
        )
    file = Path(file)
    profile = file.parent / "profile"
    for name, text in PROFILE.items():
        (profile / "user" / name).parent.mkdir(parents=True, exist_ok=True)
        (profile / "user" / name).write_text(HEAD + text)
    said = ",".join(f'"{each}"' for each in (file, FILTERS[file.suffix], sheet, address, typed))
    before = file.read_bytes()
    command = [soffice, "--headless", "--norestore", f"-env:UserInstallation={profile.as_uri()}"]
    found = subprocess.run(
        [*command, f"macro:///Standard.Edit.Cell({said})"], capture_output=True, text=True, timeout=60, check=False
    )
    assert file.read_bytes() != before, f"LibreOffice did not save the workbook: {found.stderr}"
