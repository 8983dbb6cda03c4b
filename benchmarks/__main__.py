"""Measure what the course promises, and write benchmarks/RESULTS.md: all of it, or the parts that are named."""

import argparse
import sys

from benchmarks import explorers, lessons, limit, peers, recipe, results, start, switches

BENCHMARKS = {
    "recipe": recipe,
    "peers": peers,
    "lessons": lessons,
    "switches": switches,
    "start": start,
    "limit": limit,
    "explorers": explorers,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}")
    names = parser.parse_args().names or list(BENCHMARKS)
    if unknown := set(names) - set(BENCHMARKS):
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    broken = []
    for name in names:
        text, missed = results.record(name, BENCHMARKS[name])
        print(text, flush=True)
        broken += missed
        results.write_page(BENCHMARKS)
    if broken:
        sys.exit(f"not kept: {'; '.join(broken)}")


if __name__ == "__main__":
    main()
