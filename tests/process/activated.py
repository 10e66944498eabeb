"""Binds listening sockets as a service manager does, and becomes the program it is given.

activated.py COUNT HOST:PORT|unix:PATH ... -- PROGRAM ARG...   (COUNT: what LISTEN_FDS says)
"""
import os
import socket
import sys

split = sys.argv.index("--")
sockets = []
for address in sys.argv[2:split]:
    if address.startswith("unix:"):
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(address[len("unix:"):])
    else:
        host, port = address.rsplit(":", 1)
        listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if ":" in host:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.bind((host, int(port)))
    listening.listen(128)
    sockets.append(listening)
# Out of the way first: a socket may have the number another one is to get.
high = [os.dup2(listening.fileno(), 200 + index) for index, listening in enumerate(sockets)]
for listening in sockets:
    listening.close()
for index, descriptor in enumerate(high):
    os.dup2(descriptor, 3 + index)
    os.close(descriptor)
os.environ["LISTEN_FDS"] = sys.argv[1]
os.environ.setdefault("LISTEN_PID", str(os.getpid()))
os.execvp(sys.argv[split + 1], sys.argv[split + 1:])
