"""Words that turn a sentence round, make it surer than it is, or leave it as true as it was."""


def _read(table: str) -> tuple[tuple[str, str], ...]:
    """Return the pairs of a table: "one > other", separated by "|"; "one = other" holds both ways."""
    pairs: list[tuple[str, str]] = []
    for entry in " ".join(table.split()).split(" | "):
        one, sign, other = entry.partition(" = ") if " = " in entry else entry.partition(" > ")
        pairs += [(one, other), (other, one)] if sign == " = " else [(one, other)]
    return tuple(pairs)


OPPOSITES = _read("""
    rose = fell | up = down | higher = lower | more = fewer | increase = decrease | increased = decreased |
    won = lost | win = lose | first = last | before = after | best = worst | largest = smallest | most = least |
    gained = lost | strong = weak | stronger = weaker | growth = decline | accepted = rejected | agreed = refused |
    support = oppose | supported = opposed | allow = ban | allowed = banned | profit = loss | profits = losses |
    above = below | over = under | buy = sell | bought = sold | success = failure | good = bad | early = late |
    open = close | opened = closed | old = young | former = current | all = some | both = neither | always = never |
    majority = minority | increase = cut | raise = reduce | raised = reduced | male = female | men = women |
    north = south | east = west | start = end | started = ended | confirmed = denied | joined = left |
    faster = slower | improved = worsened | positive = negative | optimistic = pessimistic |
    welcomed = criticised | beat > lost to | guilty = innocent
""")
HEDGES = _read("""
    would consider > has decided on | may > will | might > will | could > will | considering > carrying out |
    plans to > has begun to | expected to > certain to | likely to > certain to | suggested > proved |
    believes > knows | possible > certain | alleged > proven | reportedly > officially | aims to > managed to |
    hopes to > is about to | some > all | urged > forced | proposed > adopted | about > exactly |
    nearly > more than | up to > at least | at least > at most | more than > less than | asked > ordered
""")
SYNONYMS = _read("""
    said > stated | told > informed | also > as well | but > however | because > since | about > around |
    big > large | says > states | shown > displayed | firm = company | help > assist | buy > purchase |
    start > begin | film > movie | match > game | nearly > almost | set to > expected to |
    chief executive > CEO | last > previous
""")
CALENDAR = (
    tuple("Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()),
    tuple("January February March April June July August September October November December".split()),
    tuple("2001 2002 2003 2004 2005 2006".split()),
)
OPENERS = frozenset("The A An It He She They But And In On This That These Some There We At For".split())
