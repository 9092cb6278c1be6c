import { summarise } from "../../../plan/summary";
import { faultsOf, load } from "../support";

const maintenance = (messages: unknown) => ({ "edge.maintenance": messages });
const HOST = "app.acme-shop.com";

test("a host of the stack may be in maintenance, which a reviewer sees", () => {
  const config = load(maintenance({ [HOST]: "Back at 18:00 UTC." }));
  expect(summarise(config).edge.facts).toContainEqual({
    label: "maintenance",
    lines: [`${HOST} answers 503 only: Back at 18:00 UTC.`],
    weak: true,
  });
  expect(summarise(load()).edge.facts.map(({ label }) => label)).not.toContain("maintenance");
});

test("another host is a mistake", () =>
  expect(faultsOf(maintenance({ "api.acme-shop.com": "Back soon." }))).toEqual([
    {
      path: 'rampart:edge.maintenance["api.acme-shop.com"]',
      given: '"api.acme-shop.com"',
      allowed: `hosts of routes: ${HOST}`,
      fix: "remove it, or write the host as the route does",
    },
  ]));

test.each(["", "  ", " a", "two\nlines", "\u001b[31mred", "\u202eturned", "x".repeat(301)])(
  "%j is no message",
  (message) =>
    expect(faultsOf(maintenance({ [HOST]: message }))).toMatchObject([
      { allowed: "plain text on one line, of 1 to 300 characters, without spaces around it" },
    ]),
);
