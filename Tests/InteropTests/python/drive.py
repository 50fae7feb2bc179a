"""Drives an agent that offers the scripted profile with the official Python client, over one binding.

    drive.py URL --binding JSONRPC|HTTP+JSON|GRPC [--seen-as BINDING]
             [--only NAME ...] [--expect-failing NAME ...] [--list]

Prints one JSON line per scenario, `{"scenario", "ok", "detail"}`, and exits with 0 if all are ok. A scenario that
is expected to fail is ok when it fails, and only then: a list of known deviations stays true.
Scripts (conformance/profile.md) make the agent behave, so this works against any agent that has the profile.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import traceback

from pathlib import Path

import grpc_scenarios  # noqa: F401 - imported for the scenarios that it adds to the list
import httpx
import scenarios  # noqa: F401 - likewise

from a2a.client import A2ACardResolver
from driver import OVER_GRPC, OVER_HTTP, SCENARIOS, Driver, Failed, scenarios_of


HERE = Path(__file__).parent
SCENARIO_TIMEOUT = 30.0  # seconds


async def run(options: argparse.Namespace) -> bool:
    all_ok = True
    timeout = httpx.Timeout(SCENARIO_TIMEOUT)
    limits = httpx.Limits(max_connections=100)
    async with httpx.AsyncClient(timeout=timeout, limits=limits, trust_env=False) as http:
        url = options.url.removesuffix('/')
        agent_card = await A2ACardResolver(http, url).get_agent_card()
        driver = Driver(url, options.binding, http, agent_card, options.seen_as)
        for name, function in scenarios_of(options.binding).items():
            if options.only and name not in options.only:
                continue
            ok, detail = True, function.__doc__ or ''
            try:
                await asyncio.wait_for(function(driver), SCENARIO_TIMEOUT)
            except Failed as failure:
                ok, detail = False, str(failure)
            except TimeoutError:
                ok, detail = False, f'no end within {SCENARIO_TIMEOUT:.0f} s'
            except Exception as error:  # noqa: BLE001 - a scenario may fail in any way, the rest still runs
                place = traceback.extract_tb(error.__traceback__)
                ours = [frame for frame in place if Path(frame.filename).parent == HERE]
                where = f'{Path(ours[-1].filename).name}:{ours[-1].lineno}' if ours else 'elsewhere'
                ok, detail = False, f'{type(error).__name__}: {error} ({where})'
            if name in options.expect_failing:
                ok, detail = not ok, f'{"passes although expected to fail" if ok else "known"}: {detail}'
            all_ok = all_ok and ok
            print(json.dumps({'scenario': name, 'ok': ok, 'detail': detail}, ensure_ascii=False), flush=True)
        await driver.close()
    return all_ok


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = sorted({name for name, _, _ in SCENARIOS})
    parser.add_argument('url', nargs='?', help='base URL of the agent; the card is at /.well-known/agent-card.json')
    parser.add_argument('--binding', choices=[*OVER_HTTP, *OVER_GRPC], default='JSONRPC')
    parser.add_argument('--only', nargs='+', metavar='NAME', choices=names, help='run these scenarios')
    parser.add_argument('--expect-failing', nargs='+', metavar='NAME', choices=names, default=[])
    parser.add_argument('--seen-as', help='the binding that the agent sees, if a gateway stands between')
    parser.add_argument('--list', action='store_true', help='print the names of the scenarios for the binding and stop')
    options = parser.parse_args()
    if options.list:
        print('\n'.join(scenarios_of(options.binding)))
        return 0
    if options.url is None:
        parser.error('the URL of the agent is missing')
    try:
        return 0 if asyncio.run(run(options)) else 1
    except Exception as error:  # noqa: BLE001 - no card, no scenario: say so in one line
        print(json.dumps({'scenario': 'connect', 'ok': False, 'detail': f'{type(error).__name__}: {error}'}))
        return 1


if __name__ == '__main__':
    sys.exit(main())
