"""`python -m benchmarks.peer LANDING LAKE --key-file FILE`: run the peer in a process of its own."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from benchmarks.peer.pipeline import run


def main() -> None:
    """Run it; what each table cost is printed as JSON."""
    parser = argparse.ArgumentParser(prog="benchmarks.peer", allow_abbrev=False)
    parser.add_argument("landing", type=Path, help="folder of the delivered files")
    parser.add_argument("lake", type=Path, help="folder of the lake, new")
    parser.add_argument("--key-file", type=Path, required=True, help="holds the secret of the identity keys")
    parser.add_argument("--key-version", default="k1", help="name of that secret (default: k1)")
    arguments = parser.parse_args()
    secret = arguments.key_file.read_bytes().removesuffix(b"\n")
    steps = run(arguments.landing, arguments.lake, secret, arguments.key_version)
    print(json.dumps([asdict(step) for step in steps]))


if __name__ == "__main__":
    main()
