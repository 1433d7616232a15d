"""Measures the judge of clicks and opens: on agents of a folder, and on simulated weeks."""

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from time import process_time

from nurture.core.traffic.agents import Lists, shipped_lists
from nurture.core.traffic.inspection import inspect_agent
from nurture.core.traffic.verdict import judge
from tests.simulator.mails import Mail
from tests.simulator.weeks import simulate_week


def measure_agents(folder: Path, counts: Callable[[str], bool] = lambda agent: True) -> dict[str, float]:
    """Shares (0..1) called machine of the agents in `machines.txt` and `browsers.txt`, and their numbers.

    Of those agents that `counts` takes.
    """
    lists = shipped_lists()
    figures: dict[str, float] = {}
    for name in ("machines", "browsers"):
        agents = [line for line in (folder / f"{name}.txt").read_text("utf-8").splitlines() if line.strip()]
        agents = [agent for agent in agents if counts(agent)]
        verdicts = Counter(inspect_agent(agent, lists)["verdict"] for agent in agents)
        figures[f"{name}_called_machine"] = verdicts["machine"] / max(1, len(agents))
        figures[name] = len(agents)
    return figures


def measure_simulated_weeks(seeds: Iterable[int], mails: int = 1500) -> dict[str, float]:
    """What became of the clicks and forms of these weeks: shares (0..1), counts, and hits judged a second.

    The speed is that of the fastest of three rounds over a week, for others use the machine too.
    `machine_taken_for_human`, `human_taken_for_machine`, `machine_unknown`, `human_unknown`: of that truth's
    clicks and forms. `led_by_machines_alone`: mails only machines clicked, with a click called human's.
    """
    lists, counts = shipped_lists(), Counter[str]()
    seconds = 0.0
    for seed in seeds:
        week = list(simulate_week(seed, mails))
        verdicts = [_judge(mail, lists) for mail in week]
        seconds += min(_time(week, lists) for _ in range(3))
        for mail, verdict in zip(week, verdicts, strict=True):
            _count(mail, verdict, counts)
    return _figures(counts, seconds)


def _time(week: Iterable[Mail], lists: Lists) -> float:
    begin = process_time()
    for mail in week:
        _judge(mail, lists)
    return process_time() - begin


def _judge(mail: Mail, lists: Lists) -> dict[int, str]:
    judged = judge(mail.hits, mail.known_sent_at, lists, gateway=mail.gateway)
    return {hit_id: judgement.verdict for hit_id, judgement in judged.items()}


def _count(mail: Mail, verdicts: dict[int, str], counts: Counter[str]) -> None:
    counts["hits"] += len(mail.hits)
    clicks = [hit for hit in mail.hits if hit.kind != "open"]
    for hit in clicks:
        counts[f"{mail.truths[hit.id]}_as_{verdicts[hit.id]}"] += 1
        counts[mail.truths[hit.id]] += 1
    if clicks and all(mail.truths[hit.id] == "machine" for hit in clicks):
        counts["led_by_machines_alone"] += any(verdicts[hit.id] == "human" for hit in clicks)


def _figures(counts: Counter[str], seconds: float) -> dict[str, float]:
    machine, human = max(1, counts["machine"]), max(1, counts["human"])
    return {
        "machine_taken_for_human": counts["machine_as_human"] / machine,
        "human_taken_for_machine": counts["human_as_machine"] / human,
        "machine_unknown": counts["machine_as_unknown"] / machine,
        "human_unknown": counts["human_as_unknown"] / human,
        "led_by_machines_alone": counts["led_by_machines_alone"],
        "machine_clicks": counts["machine"],
        "human_clicks": counts["human"],
        "hits": counts["hits"],
        "hits_per_second": counts["hits"] / seconds if seconds else 0.0,
    }
