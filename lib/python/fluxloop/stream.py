"""The text in the items that a streaming handler yields."""

# The paths at which chat interfaces put their text, in the order of the search.
_USUAL = (
    "delta delta.content delta.text update.delta choices.0.delta.content"
    " content content.0.text text"
)


class Stream:
    """Collects the items of one call. `path` is the dotted path of the text in
    an item (through mappings, lists and attributes), None for the usual paths."""

    def __init__(self, path):
        self.paths = [one.split(".") for one in (path or _USUAL).split(" ")]
        self.pieces = []
        self.items = []  # kept only until an item has text

    def add(self, item):
        """Add an item; return its text (str), None if it has none."""
        piece = self.text_of(item)
        if piece is not None:
            self.pieces.append(piece)
        elif not self.pieces:
            self.items.append(item)
        return piece

    def text_of(self, item):
        if isinstance(item, str):
            return item
        for path in self.paths:
            value = dig(item, path)
            if isinstance(value, str):
                return value
        return None

    def output(self):
        """Return the joined text, or the list of items if none of them had text."""
        return "".join(self.pieces) if self.pieces or not self.items else self.items


def dig(value, path):
    """Return the value at a path (a list of names), None if there is none."""
    for name in path:
        if isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, (list, tuple)):
            value = value[int(name)] if name.isdigit() and int(name) < len(value) else None
        else:
            value = getattr(value, name, None)
        if value is None:
            return None
    return value
