import { createHash } from "node:crypto";
import { HardenedStack } from "../../../components";
import { judge, RULES, viewOfResources } from "../../../hardening/rules";
import type { Plan } from "../../../plan";
import { renderPage } from "../../../plan/page";
import { markup, raw } from "../../../plan/page/html";
import { describeTopology, topologyOf } from "../../../plan/page/topology";
import { configOf, once, PROD, record, SERVICE, withLocalEngine } from "../../components/support";

withLocalEngine();

const plan = once(async (): Promise<Plan> => {
  const config = configOf(
    {
      ...PROD,
      dockerSocketGroup: 998,
      migration: { image: SERVICE.image },
      services: {
        web: { ...SERVICE, routes: [{ host: "app.example.com" }], environment: { NOTE: "<b onload='x'>\"&" } },
        worker: { ...SERVICE, data: "read-write", cache: true, egress: true, dockerApi: { allow: ["GET /_ping"] } },
      },
    },
    "prod",
  );
  const { resources } = await record(() => new HardenedStack(config), "prod");
  const facts = { stack: "prod", environment: "prod", certificates: "letsencrypt" } as const;
  return { stack: "prod", config, resources, posture: judge(RULES, viewOfResources(facts, resources)), facts };
});
const page = once(async () => renderPage({ plan: await plan() }));

describe("the page", () => {
  test("asks for nothing: no script, no address that a browser would load", async () => {
    const text = await page();
    const tags = [...text.matchAll(/<[a-z][^>]*>/gi)].map(([tag]) => tag);
    expect(tags.filter((tag) => /^<(?:script|iframe|object|embed|img)\b|\s(?:on[a-z]+|style)=/i.test(tag))).toEqual([]);
    expect(text.match(/@import|url\((?!#)/g)).toBeNull();
    const loaded = [...text.matchAll(/\s(?:src|href|xlink:href)="([^"]*)"/g)].map(([, value = ""]) => value);
    expect(loaded.filter((value) => !value.startsWith("#") && value !== "data:,")).toEqual([]);
  });

  test("allows its own style sheet and nothing else", async () => {
    const text = await page();
    const style = /<style>([\s\S]*?)<\/style>/.exec(text)?.[1] ?? "";
    const hash = createHash("sha256").update(style).digest("base64");
    expect(text).toContain(
      `content="default-src &#39;none&#39;; style-src &#39;sha256-${hash}&#39;; img-src data:; ` +
        `base-uri &#39;none&#39;; form-action &#39;none&#39;"`,
    );
    expect(style).toContain("prefers-color-scheme:dark");
  });

  test("escapes whatever the stack's file says", async () => {
    const text = await page();
    expect(text).toContain("NOTE=&lt;b onload=&#39;x&#39;&gt;&quot;&amp;");
    expect(text).not.toContain("<b onload");
  });

  test("has every element closed, every id once, and every link's target", async () => {
    const text = await page();
    const open: string[] = [];
    for (const [, close, name = "", attributes = ""] of text.matchAll(/<(\/?)([a-z][a-z0-9]*)([^>]*)>/gi)) {
      if (close === "/") expect(open.pop()).toBe(name);
      else if (!attributes.endsWith("/") && !["meta", "link"].includes(name)) open.push(name);
    }
    expect(open).toEqual([]);
    const ids = [...text.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, target] of text.matchAll(/(?:href="|url\(|aria-labelledby=")#?([a-z-]+)/g))
      expect(ids).toContain(target);
  });

  test("shows posture, routes, services, roles and networks", async () => {
    const text = await page();
    for (const part of ["https://app.example.com", "GET /_ping", "app_rw", "rampart-image-pinned", "docker-api-worker"])
      expect(text).toContain(part);
    expect(text).not.toContain("What to install to go on");
  });

  test("says what to install to go on, with commands as code", async () => {
    const text = renderPage({ plan: await plan(), missing: ["Docker is missing: run `docker version`."] });
    expect(text).toContain("What to install to go on");
    expect(text).toContain("<li>Docker is missing: run <code>docker version</code>.</li>");
  });

  test("shows what changed, what weakens the stack first", async () => {
    const text = renderPage({
      plan: await plan(),
      comparison: {
        source: "main",
        changes: [{ direction: "weaker", path: "services.web.egress", before: "false", after: "true" }],
        controls: [],
      },
    });
    expect(text).toContain("What changed since main");
    expect(text).toContain("<del>false</del> → <ins>true</ins>");
  });

  test("is the same for the same plan", async () => expect(renderPage({ plan: await plan() })).toBe(await page()));
});

describe("the topology", () => {
  test("is who is on which network, by the plan's own resources", async () => {
    const { programs, data, dockerApi, outside } = topologyOf(await plan());
    expect(programs.map(({ name, networks }) => `${name}: ${networks.join(", ")}`)).toEqual([
      "web: proxy",
      "worker: docker-api-worker, egress, internal",
      "migration: internal",
    ]);
    expect(data.map(({ name }) => name)).toEqual(["postgres", "redis", "backup"]);
    expect([dockerApi, outside]).toEqual([[{ consumer: "worker", permissions: 1 }], "internet"]);
  });

  test("is told in words", async () => {
    expect(describeTopology(topologyOf(await plan()))).toBe(
      "The internet reaches the gateway only, on port 80 and 443 of 0.0.0.0. " +
        "The edge ends TLS for it, on a network of the two. " +
        "With the gateway on the network proxy, which has no way out: web. " +
        "On the network internal, which has no way out: worker, migration, postgres, redis, backup. " +
        "May open connections to the internet: worker. Use the Docker API through a socket proxy of their own: " +
        "worker.",
    );
  });
});

test("a template escapes its values, and leaves what is markup already", () =>
  expect(markup`<p>${"<&'\">"}${raw("<br>")}${[1, "a"]}</p>`.text).toBe("<p>&lt;&amp;&#39;&quot;&gt;<br>1a</p>"));
