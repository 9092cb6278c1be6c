import { faultsOf, load } from "../support";

const cache = (sessions: unknown) => ({ "services.api.cache": { keyPrefixes: ["api:", "bull:"], sessions } });

test("sessions lie within the service's own prefixes", () => {
  expect(load(cache(["api:sess:", "bull:"])).services["api"]?.cache).toMatchObject({
    sessions: ["api:sess:", "bull:"],
  });
  expect(faultsOf(cache(["api:sess:", "sess:"]))).toEqual([
    {
      path: "rampart:services.api.cache.sessions[1]",
      given: '"sess:"',
      allowed: 'a beginning within the service\'s prefixes: "api:", "bull:"',
      fix: 'write the whole beginning of the keys, such as "api:sess:"',
    },
  ]);
  expect(faultsOf(cache([]))).toHaveLength(1);
  expect(faultsOf(cache(["api:*"]))).toHaveLength(1);
});
