class Table:
    Bytes: bytes
    Pos: int
    def __init__(self, buf: bytes | bytearray, pos: int) -> None: ...
