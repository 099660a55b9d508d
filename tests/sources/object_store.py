"""An object store and a web server on this machine, with files put into them."""

import gc
import http.server
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

BUCKET = "geodata"


def forget_clients() -> None:
    """Drop what zarr and fsspec leave open now, lest its warning fall into another test."""
    from fsspec.implementations.http import HTTPFileSystem

    HTTPFileSystem.clear_instance_cache()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gc.collect()


@contextmanager
def object_store(monkeypatch, folder: Path) -> Iterator[str]:
    """Serve the files of a folder from a bucket of moto's S3; yields the bucket's URL."""
    import boto3
    import s3fs
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    try:
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET)
        for file in folder.rglob("*"):
            if file.is_file():
                client.upload_file(str(file), BUCKET, file.relative_to(folder).as_posix())
        client.close()
        s3fs.S3FileSystem.clear_instance_cache()
        yield f"s3://{BUCKET}"
    finally:
        s3fs.S3FileSystem.clear_instance_cache()
        forget_clients()
        server.stop()


class RangeHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files with ranges, as every web server but Python's does; counts the bytes it sends."""

    sent = 0
    ranges = True

    def do_GET(self):
        path = Path(self.translate_path(self.path))
        if not path.is_file():
            self.send_error(404)
            return
        data = path.read_bytes()
        first, last = 0, len(data) - 1
        asked = self.headers.get("Range") if self.ranges else None
        if asked:
            first, last = (int(end) if end else len(data) - 1 for end in asked.split("=")[1].split("-"))
            last = min(last, len(data) - 1)
        self.send_response(206 if asked else 200)
        if asked:
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(data)}")
        self.send_header("Content-Length", str(last - first + 1))
        if self.ranges:
            self.send_header("Accept-Ranges", "bytes")
        self.end_headers()
        RangeHandler.sent += last - first + 1
        self.wfile.write(data[first : last + 1])

    def log_message(self, *args):
        pass


@contextmanager
def web_server(folder: Path, handler=RangeHandler) -> Iterator[str]:
    """Serve a folder; yields its URL."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        forget_clients()
