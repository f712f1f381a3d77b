"""A history in pieces of whole customers."""

import ibis
import pyarrow as pa

from care.storage.pieces import cut


def test_of_no_lines_there_is_no_piece():
    lines = pa.table({"customer_key": [1, 2]})
    nothing = ibis.memtable(lines).filter(ibis.literal(False))
    assert cut(nothing) == []
    assert len(cut(ibis.memtable(lines), lines=1)) == 2
