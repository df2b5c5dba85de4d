"""gRPC calls as listed in a JSON file: lane.py grpcio|h2 CALLS.json 127.0.0.1:PORT|unix:PATH|tls:127.0.0.1:PORT:CA.pem.

Prints what became of each as JSON. `grpcio` is gRPC's C core; `h2` builds each call by hand on a strict HTTP/2 library.
"""
import gzip
import json
import socket
import ssl
import struct
import sys
import urllib.parse
from concurrent.futures import ThreadPoolExecutor


def letter(number):
    return bytes([ord("a") + number % 26])


class Grpcio:
    def __init__(self, target):
        import grpc

        self.grpc = grpc
        options = [("grpc.max_receive_message_length", 8 << 20), ("grpc.max_send_message_length", 8 << 20)]
        if target.startswith("tls:"):
            _, host, port, ca = target.split(":")
            with open(ca, "rb") as f:
                trust = grpc.ssl_channel_credentials(f.read())
            options.append(("grpc.ssl_target_name_override", "localhost"))
            self.channel = grpc.secure_channel(f"{host}:{port}", trust, options)
        else:
            self.channel = grpc.insecure_channel(target, options)

    def ask(self, call, number):
        method = self.channel.unary_unary(call["path"], lambda each: each, lambda each: each)
        request = letter(number) * call["size"]
        fields = [(f"x-field-{number}-{n}", "v" * (20 + n)) for n in range(call["fields"])]
        compression = self.grpc.Compression.Gzip if call["gzip"] else None
        try:
            reply = method(request, timeout=(call["deadlineMs"] or 20_000) / 1000, metadata=fields, compression=compression)
            return {"code": 0, "details": "", "size": len(reply), "same": reply == request}
        except self.grpc.RpcError as error:
            return {"code": error.code().value[0], "details": error.details(), "size": 0, "same": False}

    def ask_many(self, call):
        with ThreadPoolExecutor(50) as pool:
            return list(pool.map(lambda number: self.ask(call, number), range(max(1, call["times"]))))


class Handmade:
    """All calls of one entry at once, on one connection of the `h2` library, which checks all that we send."""

    def __init__(self, target):
        from h2.config import H2Configuration
        from h2.connection import H2Connection

        if target.startswith("unix:"):
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.connect(target[5:])
        elif target.startswith("tls:"):
            _, host, port, ca = target.split(":")
            context = ssl.create_default_context(cafile=ca)
            context.set_alpn_protocols(["h2"])
            plain = socket.create_connection((host, int(port)))
            self.socket = context.wrap_socket(plain, server_hostname="localhost")
            assert self.socket.selected_alpn_protocol() == "h2"
        else:
            host, port = target.split(":")
            self.socket = socket.create_connection((host, int(port)))
        self.socket.settimeout(30)
        self.h2 = H2Connection(H2Configuration(client_side=True, header_encoding="utf-8"))
        self.h2.initiate_connection()
        self.replies = {}

    def ask_many(self, call):
        numbers = {}
        for number in range(max(1, call["times"])):
            while self.h2.open_outbound_streams >= self.h2.remote_settings.max_concurrent_streams:
                self.read()
            numbers[self.begin(call, number)] = number
        while any("code" not in self.replies[stream] for stream in numbers):
            self.read()
        return [self.outcome(self.replies[stream], call, number) for stream, number in numbers.items()]

    def begin(self, call, number):
        stream = self.h2.get_next_available_stream_id()
        message = letter(number) * call["size"]
        fields = [(":method", "POST"), (":scheme", "http"), (":authority", "lane"), (":path", call["path"])]
        fields += [("te", "trailers"), ("content-type", "application/grpc")]
        fields += [(f"x-field-{number}-{n}", "v" * (20 + n)) for n in range(call["fields"])]
        if call["deadlineMs"]:
            fields.append(("grpc-timeout", f"{call['deadlineMs']}m"))
        if call["gzip"]:
            fields.append(("grpc-encoding", "gzip"))
            message = gzip.compress(message)
        self.replies[stream] = {"body": b"", "fields": {}}
        body = struct.pack(">BI", 1 if call["gzip"] else 0, len(message)) + message
        self.h2.send_headers(stream, fields)
        self.send_body(stream, body)
        return stream

    def send_body(self, stream, body):
        at = 0
        while at < len(body) and "code" not in self.replies[stream]:
            window = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size)
            if window == 0:
                self.read()
                continue
            self.h2.send_data(stream, body[at : at + window])
            at += window
        if "code" not in self.replies[stream]:
            self.h2.end_stream(stream)
        self.socket.sendall(self.h2.data_to_send())

    def read(self):
        from h2 import events

        self.socket.sendall(self.h2.data_to_send())
        data = self.socket.recv(65536)
        assert data, "the server closed"
        for event in self.h2.receive_data(data):
            stream = getattr(event, "stream_id", 0)
            if isinstance(event, (events.ResponseReceived, events.TrailersReceived)):
                self.replies[stream]["fields"].update(event.headers)
            elif isinstance(event, events.DataReceived):
                self.replies[stream]["body"] += event.data
                self.h2.acknowledge_received_data(event.flow_controlled_length, stream)
            elif isinstance(event, events.StreamEnded):
                self.replies[stream]["code"] = int(self.replies[stream]["fields"]["grpc-status"])
            elif isinstance(event, events.StreamReset):
                self.replies[stream].setdefault("code", -1)
            elif isinstance(event, events.ConnectionTerminated):
                raise AssertionError(f"GOAWAY {event.error_code} {event.additional_data}")
        self.socket.sendall(self.h2.data_to_send())

    @staticmethod
    def outcome(reply, call, number):
        message = reply["body"][5:]
        if reply["body"]:
            assert struct.unpack(">BI", reply["body"][:5]) == (0, len(message))
        details = urllib.parse.unquote(reply["fields"].get("grpc-message", ""))
        same = message == letter(number) * call["size"]
        return {"code": reply["code"], "details": details, "size": len(message), "same": same}


def main(kind, calls, target):
    client = Grpcio(target) if kind == "grpcio" else Handmade(target)
    out = []
    with open(calls) as f:
        for call in json.load(f):
            answers = client.ask_many(call)
            worst = next((each for each in answers if each["code"] != 0), answers[0])
            out.append({**worst, "same": all(each["same"] for each in answers)})
    print(json.dumps(out))


main(*sys.argv[1:])
