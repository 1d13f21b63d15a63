"""One of two agents inside a JVM. The program has set place, name, step and steps, a java.util.concurrent.Phaser."""

import mortmain


def say(text):
    print(f"  {name} | {text}", flush=True)  # noqa: F821


def work(place, agent, step, steps):
    with mortmain.open(place, agent=agent) as store:
        snap = store.read("plans/plan.json")
        plan = snap.value or {"steps": ["measure"]}
        steps.arriveAndAwaitAdvance()  # both have read
        if agent == "critic":
            steps.arriveAndAwaitAdvance()  # the planner has written
        try:
            receipt = store.commit("plans/plan.json", {"steps": [*plan["steps"], step]}, base=snap)
        except mortmain.VersionConflict as conflict:
            say(f"VersionConflict: {conflict}")
            receipt = store.update("plans/plan.json", lambda now: {"steps": [*now["steps"], step]})
        say(f"committed {step!r} as version {receipt.version}, over {store.info()['transport']}")
        if agent == "planner":
            steps.arriveAndAwaitAdvance()


work(place, name, step, steps)  # noqa: F821
