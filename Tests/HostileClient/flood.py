"""Floods a daemon's socket for some seconds: flood.py SOCKET UID CONNECTIONS SECONDS

All of them are programs of the user UID. Ends with 0 where every attacker lasted until then.
"""
import sys
import time

from hostile import Attack


def main(path, uid, connections, seconds):
    half = int(connections) // 2
    with Attack(path, [(int(uid), None, half), (int(uid), None, half)]):
        time.sleep(float(seconds))


main(*sys.argv[1:])
