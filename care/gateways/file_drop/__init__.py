"""Batches as folders of files, for any gateway that can read a directory (or fetch it by SFTP).

``<outbound>/<channel>/<batch_id>/`` holds the parts, ``manifest.json`` and, once all of it is
there to stay, ``_SUCCESS``. The gateway answers with ``ack.json`` in the same folder. The page for
its engineers is ``docs/gateways.md``; ``examples/gateway_consumer.py`` is the other side.
"""

from care.gateways.file_drop.gateway import FileDrop

__all__ = ["FileDrop"]
