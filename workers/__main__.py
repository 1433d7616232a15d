"""`python -m workers PART`: one process of an installation, told by its environment."""

import sys

from nurture.jobs import QUEUES


def main() -> None:
    """Run the part named on the command line until SIGTERM."""
    part = sys.argv[1]
    if part == "clock":
        from workers import clock

        clock.run()
    elif part == "shipper":
        from workers import shipper

        shipper.run()
    elif part == "inbound":
        from workers import inbound

        inbound.run()
    elif part in QUEUES:
        from workers import main as worker

        worker.run(part)
    else:
        sys.exit(f"no such part: {part}")


if __name__ == "__main__":
    main()
