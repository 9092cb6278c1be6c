import { redisUrl } from "../../../hardening/redis/url";

test("URLs for Redis", () => {
  expect(redisUrl({ host: "redis", user: "api", password: "Secret1" })).toBe("redis://api:Secret1@redis:6379/0");
  expect(redisUrl({ host: "redis", port: 6380, user: "api", password: "Secret1", tls: true })).toBe(
    "rediss://api:Secret1@redis:6380/0",
  );
});
