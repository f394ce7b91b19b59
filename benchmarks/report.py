"""One table per case, for people; the same and all figures behind it as JSON, for programs."""


def result(key, title, columns, rows, remarks=(), **figures):
    """`rows` are as printed; `figures` is whatever a program would want to know."""
    return {
        "case": key,
        "title": title,
        "columns": columns,
        "rows": rows,
        "remarks": list(remarks),
        "figures": figures,
    }


def show(one):
    """The first column to the left, the others to the right."""
    lines = [one["columns"], *one["rows"]]
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    print(f"\n{one['title']}")
    for line in lines:
        cells = [
            text.rjust(width) if i else text.ljust(width)
            for i, (text, width) in enumerate(zip(line, widths))
        ]
        print("  " + "  ".join(cells).rstrip())
    for remark in one["remarks"]:
        print(f"  {remark}")
    print(end="", flush=True)


def number(value, digits):
    return "-" if value is None else f"{value:,.{digits}f}"


def at_most(what, value, target):
    """A remark; `target` is None when there is none."""
    if target is None:
        return f"{what}: {value:,.2f}"
    verdict = "met" if value <= target else "MISSED"
    return f"{what}: {value:,.2f}, target {target:,} {verdict}"


def summary(machine, results):
    """Lines: the README's table of the cases that compare CPU; none if there was no such case."""
    rows = []
    for one in results:
        figures = one["figures"]
        if "ratio" not in figures:
            continue
        cells = [
            f"{number(figures['medians'].get(name), figures['digits'])} {figures['unit']}"
            for name in ("weir", "PgBouncer")
        ]
        relay = number(figures["medians"].get("bare relay"), figures["digits"])
        title = one["title"].partition("  (")[0]
        rows.append(f"| {title} | {' | '.join(cells)} | {relay} | {figures['ratio']:.2f} |")
    if not rows:
        return []
    return [
        "",
        f"{machine['date']}, {machine['processors']}, {'; '.join(machine['versions'])}",
        "",
        "| | weir | PgBouncer | bare relay | weir / PgBouncer |",
        "|---|---|---|---|---|",
        *rows,
    ]
