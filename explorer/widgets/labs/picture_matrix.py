"""PictureMatrix: the application's matrix with the numbers of a lab."""

from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len

from explorer.core.formatting import visible
from explorer.view import Stage
from explorer.widgets.matrix.matrix import Matrix
from explorer.widgets.matrix.paint import Numbers

if TYPE_CHECKING:
    from explorer.labs.lab import MatrixPicture


class PictureMatrix(Matrix):
    """A matrix that is not a stage of a reading; its rows and columns have their own names."""

    HELP = """# The matrix

    ← → move to another row, ↑ ↓ to another column; the line below the pictures says which cell it is. Hatched cells
    have no number: −∞ before a softmax. Dim rows have not been read yet. The legend gives the range of the colours.
    """

    TERMS: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.picture: MatrixPicture | None = None
        self._columns: tuple[str, ...] = ()

    @property
    def cursor(self) -> tuple[int, int]:
        """The row and column of the cursor."""
        return self._query, self._key

    def show_picture(self, picture: "MatrixPicture", cursor: tuple[int, int]) -> None:
        """Draw a picture, with the cursor at a row and column or at the nearest cell."""
        row, column = min(cursor[0], len(picture.rows) - 1), min(cursor[1], len(picture.columns) - 1)
        if picture is self.picture:
            self._move_cursor(row, column)
            return
        self.picture = picture
        self._stage = Stage.WEIGHTS if picture.weights else Stage.SCORES
        self._numbers = Numbers(self._stage, picture.numbers, picture.visible, picture.low, picture.high)
        self.labels = tuple(map(visible, picture.rows))
        self._columns = tuple(map(visible, picture.columns))
        self._label_width = max(map(cell_len, self.labels))
        self._query, self._key = row, column
        self.redraw()

    @property
    def _last_read(self) -> int:
        if self.picture is None or self.picture.read_to is None:
            return len(self.labels) - 1
        return self.picture.read_to

    def _column_name(self, column: int) -> str:
        return self._columns[column]

    def action_move(self, queries: int, keys: int) -> None:
        """Ask for another cell."""
        row = max(0, min(len(self.labels) - 1, self._query + queries))
        column = max(0, min(len(self._columns) - 1, self._key + keys))
        if (row, column) != self.cursor:
            self.post_message(self.CellSelected(self, row, column))
