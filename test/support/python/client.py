"""A foreign gRPC client: any method of the described services, requests as JSON lines on stdin, responses as JSON lines on stdout.

    client.py DESCRIPTORS SOCKET /package.Service/Method [name=value ...metadata]

Ends with one line {"status": "OK", "details": "", "trailers": {...}}.
"""

import json
import sys
import threading

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

descriptors, socket, path, *pairs = sys.argv[1:]
pool = descriptor_pool.DescriptorPool()
with open(descriptors, "rb") as file:
    for each in descriptor_pb2.FileDescriptorSet.FromString(file.read()).file:
        pool.Add(each)
service, name = path.strip("/").split("/")
method = pool.FindServiceByName(service).methods_by_name[name]
request_class = message_factory.GetMessageClass(method.input_type)
response_class = message_factory.GetMessageClass(method.output_type)


def say(value):
    print(json.dumps(value), flush=True)


def requests():
    for line in sys.stdin:
        yield json_format.ParseDict(json.loads(line), request_class(), descriptor_pool=pool)


def show(response):
    say({"message": json_format.MessageToDict(response, descriptor_pool=pool)})


def main():
    channel = grpc.insecure_channel(f"unix:{socket}", options=[("grpc.max_receive_message_length", -1)])
    shape = ("stream" if method.client_streaming else "unary") + "_" + ("stream" if method.server_streaming else "unary")
    call = getattr(channel, shape)(
        path, request_serializer=lambda m: m.SerializeToString(), response_deserializer=response_class.FromString
    )
    argument = requests() if method.client_streaming else next(requests())
    metadata = [tuple(pair.split("=", 1)) for pair in pairs]
    try:
        if method.server_streaming:
            running = call(argument, metadata=metadata, timeout=60)
            if not method.client_streaming:
                # The end of stdin hangs up.
                threading.Thread(target=lambda: (sys.stdin.read(), running.cancel()), daemon=True).start()
            for response in running:
                show(response)
            trailers = running.trailing_metadata()
        else:
            response, running = call.with_call(argument, metadata=metadata, timeout=60)
            show(response)
            trailers = running.trailing_metadata()
        end("OK", "", trailers)
    except grpc.RpcError as error:
        end(error.code().name, error.details(), error.trailing_metadata())


def end(status, details, trailers):
    say({"status": status, "details": details, "trailers": {key: value for key, value in trailers or ()}})


main()
