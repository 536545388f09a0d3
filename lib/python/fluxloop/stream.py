"""The text in the items that a streaming handler yields."""

# Where chat interfaces put their text, tried in this order.
_USUAL = (
    "delta delta.content delta.text update.delta choices.0.delta.content"
    " content content.0.text text"
)


class Stream:
    """Collects the items of one call. `path` is the dotted path of the text in
    an item (mappings, lists, attributes), None to look in the usual places."""

    def __init__(self, path):
        self.paths = [one.split(".") for one in (path or _USUAL).split(" ")]
        self.pieces = []
        self.items = []  # of use only while no item had text

    def add(self, item):
        """Take an item; return its text, None if it has none."""
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
        """Return the text joined; the list of items when none had any."""
        return "".join(self.pieces) if self.pieces or not self.items else self.items


def dig(value, path):
    """Return what a path (a list of names) leads to, None if nothing."""
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
