"""Says of worlds of policies, one a line, what z3 finds of their regions: the conditions themselves, as formulas over a request."""

import ipaddress
import json
import re
import sys

import z3

MILLISECONDS = 10_000


def ranges(*cuts):
    parts = [z3.Range(chr(lo), chr(hi)) for lo, hi in cuts]
    return parts[0] if len(parts) == 1 else z3.Union(*parts)


BYTE = ranges((0, 255))
LINE = ranges((0, 9), (11, 255))
NO_SLASH = ranges((0, 46), (48, 255))
PCHAR = ranges(*[(ord(c), ord(c)) for c in "-._~%!$&'()+,;:@=*"], (48, 57), (65, 90), (97, 122))
TOKEN = ranges((33, 33), (35, 39), (42, 43), (45, 46), (48, 57), (65, 90), (94, 122), (124, 124), (126, 126))
VISIBLE = ranges((33, 126), (128, 255))
LOWER = ranges((33, 64), (91, 126), (128, 255))
PATH = ranges((33, 34), (36, 62), (64, 126), (128, 255))
HEADER = ranges((9, 9), (32, 126), (128, 255))


def run(*parts):
    parts = [part for part in parts if part is not None]
    return z3.Re("") if not parts else parts[0] if len(parts) == 1 else z3.Concat(*parts)


def literal(text, fold=False):
    if not fold:
        return z3.Re(text) if text else None
    letters = [z3.Union(z3.Re(c.lower()), z3.Re(c.upper())) if c.isascii() and c.isalpha() else z3.Re(c) for c in text]
    return run(*letters) if letters else None


def language(pattern):
    kind, fold = pattern["is"], pattern.get("ignoreCase", False)
    some = z3.Star(BYTE)
    if kind == "exact":
        return run(literal(pattern["value"], fold))
    if kind == "prefix":
        return run(literal(pattern["value"], fold), some)
    if kind == "suffix":
        return run(some, literal(pattern["value"], fold))
    if kind == "present":
        return some
    if kind == "nonEmpty":
        return z3.Plus(LINE)
    if kind == "under":
        value = pattern["value"]
        return z3.Union(z3.Re(value), run(z3.Re(value.rstrip("/") + "/"), some))
    if kind == "template":
        cut = re.split(r"(\{\*\*?\})", pattern["text"])
        open_ = {"{**}": z3.Star(z3.Union(PCHAR, z3.Re("/"))), "{*}": z3.Plus(PCHAR)}
        return run(*[open_[part] if part in open_ else literal(part) for part in cut])
    if kind == "glob":
        out = [literal(pattern["parts"][0])]
        for at, part in enumerate(pattern["parts"][1:]):
            out += [z3.Star(NO_SLASH if at == 0 and pattern.get("within") else LINE), literal(part)]
        return run(*out)
    if kind == "serviceAccount":
        some = z3.Plus(LINE)
        head = run(z3.Re("spiffe://"), some, z3.Re(f"/ns/{pattern['namespace']}/"), z3.Option(run(some, z3.Re("/"))))
        return run(head, z3.Re(f"sa/{pattern['serviceAccount']}"), z3.Option(run(z3.Re("/"), some)))
    raise ValueError(f"a pattern {kind}")


class Request:
    """A request as variables, and what there is at all."""

    def __init__(self, world):
        self.kind = z3.Int("kind")  # 0 HTTP, 1 TCP, 2 UDP, 3 SCTP
        self.port = z3.Int("port")
        self.mtls = z3.Bool("mtls")
        self.text = {name: z3.String(name) for name in ("method", "path", "host", "sni")}
        self.is_v4, self.v4, self.v6 = z3.Bool("isV4"), z3.BitVec("v4", 32), z3.BitVec("v6", 128)
        self.lists = {
            name: [(z3.Bool(f"{name}?{i}"), z3.String(f"{name}!{i}")) for i in range(size)]
            for name, size in world["lists"].items()
        }
        self.known = {}
        within = lambda name, what: z3.InRe(self.text[name], what)
        self.universe = [
            z3.And(self.kind >= 0, self.kind <= 3, self.port >= 1, self.port <= 65535),
            within("method", z3.Plus(TOKEN)),
            within("host", z3.Plus(VISIBLE if world["caseOfHost"] else LOWER)),
            within("path", run(z3.Re("/"), z3.Star(PATH))),
            within("sni", z3.Star(LOWER)),
            z3.Extract(127, 32, self.v6) != 0xFFFF,
            *[z3.InRe(value, z3.Star(HEADER)) for slots in self.lists.values() for _, value in slots],
        ]

    def fits(self, value, patterns):
        if not patterns:
            return z3.BoolVal(False)
        key = (value.get_id(), json.dumps(patterns))
        if key not in self.known:
            self.known[key] = z3.Or(*[z3.InRe(value, language(each)) for each in patterns])
        return self.known[key]

    def values(self, model):
        """The request of a model."""
        of = lambda term: model.eval(term, model_completion=True)
        text = lambda term: re.sub(r"\\u\{([0-9a-f]+)\}", lambda m: chr(int(m[1], 16)), of(term).as_string())
        number = lambda term: of(term).as_long()
        address = ipaddress.IPv4Address(number(self.v4)) if z3.is_true(of(self.is_v4)) else ipaddress.IPv6Address(number(self.v6))
        return {
            "kind": number(self.kind), "port": number(self.port), "mtls": z3.is_true(of(self.mtls)), "remote": str(address),
            **{name: text(term) for name, term in self.text.items()},
            "lists": {name: [text(v) for there, v in slots if z3.is_true(of(there))] for name, slots in self.lists.items()},
        }

    def equals(self, witness, own):
        """This request is one that is written as a witness."""
        http, out = witness.get("http"), []
        kind = 0 if http else {"TCP": 1, "UDP": 2, "SCTP": 3}[witness.get("protocol", "TCP")]
        out += [self.kind == kind, self.port == witness["destination"]["port"]]
        out += [self.mtls == ("principal" in witness["source"])]
        out += [self.text["sni"] == z3.StringVal(witness.get("tls", {}).get("sni", ""))]
        if http:
            out += [self.text[name] == z3.StringVal(http[name]) for name in ("method", "path", "host")]
            headers = http.get("headers", {})
            client = headers.get("x-forwarded-for", own).split(",")[0]
            out += [self.comes_from(f"{client}")]
            for name, slots in self.lists.items():
                values = headers.get(name, [])
                values = [values] if isinstance(values, str) else values
                for at, (there, value) in enumerate(slots):
                    out += [there == (at < len(values))]
                    if at < len(values):
                        out += [value == z3.StringVal(values[at])]
        return z3.And(*out)

    def comes_from(self, text):
        """The client's address is in a range."""
        net = ipaddress.ip_network(text)
        low = net.max_prefixlen - net.prefixlen
        term = self.v4 if net.version == 4 else self.v6
        family = self.is_v4 if net.version == 4 else z3.Not(self.is_v4)
        if net.prefixlen == 0:
            return family
        return z3.And(family, z3.Extract(net.max_prefixlen - 1, low, term) == int(net.network_address) >> low)


def atom(each, request, source, to):
    op = each["op"]
    http = request.kind == 0
    if op == "port":
        return z3.Or(*[z3.And(request.port >= one["from"], request.port <= one["to"]) for one in each["any"]])
    if op == "protocol":
        numbers = [6, 6, 17, 132]
        return z3.Or(*[request.kind == at for at, number in enumerate(numbers) if number in each["any"]])
    if op == "address":
        ends = {"source": source["address"], "remote": source["address"], "destination": to["address"]}
        at = ipaddress.ip_address(ends[each["fact"]])
        here = z3.BoolVal(any(at in ipaddress.ip_network(one["text"]) for one in each["any"]))
        if each["fact"] != "remote":
            return here
        return z3.If(http, z3.Or(*[request.comes_from(one["text"]) for one in each["any"]]), here)
    if op != "text":
        raise ValueError(f"a condition {op}")
    fact, patterns = each["fact"], each["any"]
    if fact["of"] == "peerName":
        name = source["principal"]
        return z3.BoolVal(False) if name == "" else request.fits(z3.StringVal(name), patterns)
    if fact["of"] == "sni":
        sni = request.text["sni"]
        return z3.And(request.kind <= 1, sni != z3.StringVal(""), request.fits(sni, patterns))
    if fact["of"] == "header":
        return z3.And(http, z3.Or(*[z3.And(there, request.fits(v, patterns)) for there, v in request.lists[fact["name"]]]))
    return z3.And(http, request.fits(request.text[fact["of"]], patterns))


def condition(expr, *scene):
    if expr["op"] == "all":
        return z3.And(*[condition(each, *scene) for each in expr["of"]])
    if expr["op"] == "any":
        return z3.Or(*[condition(each, *scene) for each in expr["of"]])
    if expr["op"] == "not":
        return z3.Not(condition(expr["of"], *scene))
    return atom(expr, *scene)


def concerns(policy, to):
    subject = policy["subject"]
    labels = dict(to["labels"])
    here = subject.get("namespace") in (None, to["namespace"])
    return policy["mode"] == "enforce" and here and all(labels.get(key) == value for key, value in subject["labels"])


def allowed(stages, request, source, to):
    """What a plane allows: the stages from the last to the first, each asking those that follow."""
    out = z3.BoolVal(True)
    for stage in reversed(stages):
        policies = [policy for policy in stage["policies"] if concerns(policy, to)]
        if not policies:
            continue
        rules = [rule for policy in policies for rule in policy["rules"]]
        scene = (request, source, to)
        holds = [
            z3.If(request.kind == 0, condition(rule["http"], *scene), condition(rule["tcp"], *scene) if "tcp" in rule else False)
            for rule in rules
        ]
        if stage["kind"] == "any-deny":
            out = z3.And(z3.Not(z3.Or(*holds)), out)
        elif stage["kind"] == "any-allow":
            out = z3.Or(*holds)
        else:
            after = out
            out = {"allow": z3.BoolVal(True), "deny": z3.BoolVal(False), "pass": after}[stage["onNoMatch"]]
            for rule, here in reversed(list(zip(rules, holds))):
                if rule["effect"] != "log":
                    out = z3.If(here, {"allow": True, "deny": False, "pass": after}[rule["effect"]], out)
    return out


def formula(pair, world, request):
    source, to = pair["from"], pair["to"]
    of = lambda principal: z3.And(
        *[allowed(stages, request, {**source, "principal": principal}, to) for stages in world["planes"]]
    )
    bare = of("")
    return bare if source["principal"] == "" else z3.If(request.mtls, of(source["principal"]), bare)


def judge(world):
    request = Request(world)
    solver = z3.Solver()
    solver.set("timeout", MILLISECONDS)
    solver.add(*request.universe)
    out = {"problems": [], "asked": 0, "unknown": 0, "samples": []}

    answers = {}

    def holds(claim):
        claim = z3.simplify(claim)
        if claim.get_id() not in answers:
            answers[claim.get_id()] = (*ask(claim), claim)  # held, so that no other takes its number
        return answers[claim.get_id()][:2]

    def ask(claim):
        out["asked"] += 1
        solver.push()
        solver.add(claim)
        answer = solver.check()
        model = solver.model() if answer == z3.sat else None
        solver.pop()
        if answer == z3.unknown:
            out["unknown"] += 1
        return answer, model

    formulas = [z3.simplify(formula(pair, world, request)) for pair in world["pairs"]]
    first = {}
    for at, (pair, own) in enumerate(zip(world["pairs"], formulas)):
        wrong = lambda text: out["problems"].append({"pair": at, "text": text})
        answer, model = holds(own)
        if answer != z3.unknown and (answer == z3.unsat) != pair["empty"]:
            wrong(f"{'empty' if pair['empty'] else 'not empty'} by the diagrams, {answer} by z3")
        if model is not None:
            out["samples"].append({"pair": at, "inside": True, "request": request.values(model)})
        answer, model = holds(z3.Not(own))
        if model is not None:
            out["samples"].append({"pair": at, "inside": False, "request": request.values(model)})
        if "witness" in pair and holds(z3.And(own, request.equals(pair["witness"], pair["from"]["address"])))[0] == z3.unsat:
            wrong(f"the witness is not allowed by z3: {json.dumps(pair['witness'])}")
        if at > 0:
            other = at - 1
            is_same = world["pairs"][other]["region"] == pair["region"]
            answer, _ = holds(formulas[other] != own)
            if answer != z3.unknown and (answer == z3.unsat) != is_same:
                wrong(f"{'equal to' if is_same else 'another than'} that of pair {other} by the diagrams, {answer} by z3")
    return out


for line in sys.stdin:
    print(json.dumps(judge(json.loads(line))), flush=True)
