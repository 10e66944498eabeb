"""A service manager's notification socket: binds it, and prints each message that comes, one a line.

notified.py PATH
"""
import json
import socket
import sys

receiving = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiving.bind(sys.argv[1])
print("bound", flush=True)
while True:
    # The descriptor of BARRIER=1 is not taken, and so closed: the sender learns that its message has been read.
    print(json.dumps(receiving.recv(4096).decode()), flush=True)
