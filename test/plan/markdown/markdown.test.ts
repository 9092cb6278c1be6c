import { HardenedStack } from "../../../components";
import { judge, RULES, viewOfResources } from "../../../hardening/rules";
import { compare, renderMarkdown, type Plan } from "../../../plan";
import { costOf, costText } from "../../../plan/cost";
import { imageChanges } from "../../../plan/images";
import { code, plain } from "../../../plan/markdown/text";
import { configOf, once, PROD, record, SERVICE, withLocalEngine } from "../../components/support";

withLocalEngine();

const FACTS = { stack: "prod", environment: "prod", certificates: "letsencrypt" } as const;

async function planOf(service: object): Promise<Plan> {
  const config = configOf(
    { ...PROD, services: { web: { ...SERVICE, routes: [{ host: "app.example.com" }], ...service } } },
    "prod",
  );
  const { resources } = await record(() => new HardenedStack(config), "prod");
  return { stack: "prod", config, facts: FACTS, resources, posture: judge(RULES, viewOfResources(FACTS, resources)) };
}
const before = once(() => planOf({}));
const after = once(() =>
  planOf({
    egress: true,
    resources: { memoryMiB: 512 },
    image: `registry.example.com/app:2.0@sha256:${"b1".repeat(32)}`,
    environment: { NOTE: "@team see https://evil.example |\n<b>" },
  }),
);
const comparison = async (): ReturnType<typeof compare> extends infer C ? Promise<C> : never =>
  compare("what was deployed on 2026-11-28", await before(), await after());

test("a first deployment is compared with nothing", async () => {
  const text = renderMarkdown({ plan: await before() });
  expect(text.split("\n").slice(0, 4)).toEqual([
    "<!-- rampart-report:prod -->",
    "### Rampart: stack prod (prod)",
    "",
    "Nothing is deployed yet: this is the first deployment.",
  ]);
  expect(text).toContain("|  | after |");
  expect(text).not.toContain("#### Changes");
});

test("a change shows what it weakens first, images, controls, posture and cost of both", async () => {
  const text = renderMarkdown({
    plan: await after(),
    before: { plan: await before(), comparison: await comparison() },
  });
  expect(text).toContain("Against what was deployed on 2026-11-28: ");
  const changes = text.slice(text.indexOf("#### Changes")).split("\n").slice(4);
  expect(changes[0]).toBe("| **weaker** | `services.web.egress` | false → true |");
  expect(text).toMatch(/\| `registry\.example\.com\/app` \| `[^|]+@[0-9a-f]{12}` \| `2\.0@b1b1b1b1b1b1` \|/);
  expect(text).toContain("| `rampart-egress` | rampart-prod-web | pass | open |");
  expect(text).toMatch(
    /\| cost \| \d+ containers, at most ([\d,]+) MiB[^|]+\| \d+ containers, at most (?!\1)[\d,]+ MiB/,
  );
});

test("what a configuration says is shown, and never works", async () => {
  const text = renderMarkdown({
    plan: await after(),
    before: { plan: await before(), comparison: await comparison() },
  });
  expect(text).not.toMatch(/@team|https:\/\/evil|<b>/);
});

test.each([
  ["a|b", "a\\|b"],
  ["@team #12", "@\u2060team #\u206012"],
  ["[x](https://e.example)", "\\[x\\](https:\u2060//e.example)"],
  ["two\nlines", "two lines"],
])("the words %j are written %j", (given, written) => expect(plain(given)).toBe(written));

test.each([
  ["a|b", "`a\\|b`"],
  ["a`b", "``a`b``"],
  ["`a`", "`` `a` ``"],
])("the value %j is written %j", (given, written) => expect(code(given)).toBe(written));

describe("images", () => {
  const image = (name: string): Plan["resources"][number] => ({
    type: "docker:index/remoteImage:RemoteImage",
    name,
    parent: "",
    parentType: "",
    custom: true,
    protect: false,
    inputs: { name },
  });
  const A = `app:1@sha256:${"a".repeat(64)}`;
  const B = `app:2@sha256:${"b".repeat(64)}`;

  test("that stay are no change; others have their tag and digest", () => {
    expect(imageChanges([image(A), image("redis:7")], [image(B), image("redis:7")])).toEqual([
      { repository: "app", before: "1@aaaaaaaaaaaa", after: "2@bbbbbbbbbbbb" },
    ]);
  });

  test("come and go, several of a repository too, and a registry's port is no tag", () => {
    expect(imageChanges([image(A)], [image(A), image(B), image("localhost:5000/x")])).toEqual([
      { repository: "app", after: "2@bbbbbbbbbbbb" },
      { repository: "localhost:5000/x", after: "no tag" },
    ]);
    expect(imageChanges([image(A)], [])).toEqual([{ repository: "app", before: "1@aaaaaaaaaaaa" }]);
  });
});

test("the cost counts what runs: no carrier, no job", async () => {
  const cost = costOf(await before());
  const { resources } = await before();
  expect(cost.containers).toBeLessThan(resources.filter(({ type }) => type.endsWith(":Container")).length);
  expect(costText({ containers: 3, memoryMiB: 1536, cpus: 1.25 })).toBe(
    "3 containers, at most 1,536 MiB of memory and 1.25 CPUs",
  );
});
