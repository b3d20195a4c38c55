"""Files into sheets of text; what the rows mean is importing.py's business.

`read_workbook` takes a path and `read_upload` the bytes of an upload. Both give the same sheets for the same cells,
whether they come as .xlsx, .ods, .csv, a .zip or a folder of .csv. Whatever is in a file, only Unreadable is raised.
"""

from .files import read_upload, read_workbook, weight_of
from .sheets import MAX_BYTES, Sheet, Unreadable, cell_name

__all__ = ["MAX_BYTES", "Sheet", "Unreadable", "cell_name", "read_upload", "read_workbook", "weight_of"]
