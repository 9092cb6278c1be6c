import { redisUrl } from "../../../hardening/redis/url";

test("a URL for Redis holds user, password, host and port, and TLS in its scheme", () => {
  expect(redisUrl({ host: "redis", user: "api", password: "Secret1" })).toBe("redis://api:Secret1@redis:6379/0");
  expect(redisUrl({ host: "redis", port: 6380, user: "api", password: "Secret1", tls: true })).toBe(
    "rediss://api:Secret1@redis:6380/0",
  );
});
