import { releaseNotes } from "../../../hardening/container/release-notes";
import { newerTags, parseTag } from "../../../hardening/container/version-line";
import { IMAGE_PINS } from "../../../config/images";
import { parseImage } from "../../../hardening/container/image";

test("a tag is a prefix, numbers and the rest", () => {
  expect(parseTag("v3.7.13")).toEqual({ tag: "v3.7.13", prefix: "v", numbers: [3, 7, 13], suffix: "" });
  expect(parseTag("16.15-alpine3.20")).toMatchObject({ numbers: [16, 15], suffix: "-alpine3.20" });
  expect([parseTag("alpine"), parseTag("latest"), parseTag("1.2beta")]).toEqual([undefined, undefined, undefined]);
});

/** The image, its tag, what the registry has, the newest of the line, and of another. */
const LINES: readonly (readonly [string, string, readonly string[], string, string | undefined])[] = [
  ["traefik", "v3.7.13", ["v3.7.14", "v3.8.2", "3.9.0", "v4.0.0", "v3.10.0-rc1", "v3.8"], "v3.8.2", "v4.0.0"],
  ["postgres", "16.15-alpine", ["16.16-alpine", "16.17", "17.6-alpine", "16-alpine"], "16.16-alpine", "17.6-alpine"],
  ["redis", "7.4.11-alpine", ["7.4.12-alpine", "7.10.1-alpine", "8.2.0-alpine"], "7.10.1-alpine", "8.2.0-alpine"],
  ["haproxy", "3.2-alpine", ["3.2-alpine", "3.3-alpine"], "3.2-alpine", "3.3-alpine"],
  ["restic/restic", "0.18.1", ["0.18.2", "0.19.0", "0.9.6"], "0.18.2", "0.19.0"],
  [
    "nginxinc/nginx-unprivileged",
    "1.30.5-alpine",
    ["1.30.6-alpine", "1.31.1-alpine"],
    "1.30.6-alpine",
    "1.31.1-alpine",
  ],
  ["python", "3.13-slim", ["3.14-slim", "3.13.2-slim"], "3.13-slim", "3.14-slim"],
  ["node", "22-alpine", ["22.4-alpine", "24-alpine"], "22-alpine", "24-alpine"],
  ["debian", "12.5-slim", ["20260101-slim", "12.6-slim", "20261128.1-slim"], "12.6-slim", undefined],
  ["acme/api", "stable", ["1.0", "stable", "newer"], "stable", undefined],
  ["acme/api", "1.4.2", ["1.4.10", "1.4.9", "01.4.11.1"], "1.4.10", undefined],
];

test.each(LINES)("%s:%s has its newest among %j", (...[repository, tag, tags, newest, otherLine]) =>
  expect(newerTags(repository, tag, [...tags, tag])).toEqual({ newest, ...(otherLine ? { otherLine } : {}) }),
);

test("the order in which a registry lists its tags does not count", () => {
  const tags = ["1.4.9", "1.4.10", "1.5.0", "2.0.0"];
  for (const list of [tags, [...tags].reverse()]) expect(newerTags("acme/api", "1.4.2", list).newest).toBe("1.5.0");
});

test("each of Rampart's own images has release notes", () => {
  const none = Object.values(IMAGE_PINS).filter((pin) => {
    const image = parseImage(pin);
    return image === undefined || releaseNotes(image.repository, image.tag) === undefined;
  });
  expect(none).toEqual([]);
  expect(releaseNotes("traefik", "v3.7.14")).toBe("https://github.com/traefik/traefik/releases/tag/v3.7.14");
  expect(releaseNotes("docker.io/library/redis", "7.4.12-alpine")).toBe(
    "https://github.com/redis/redis/releases/tag/7.4.12",
  );
  expect(releaseNotes("postgres", "16.16-alpine")).toBe("https://www.postgresql.org/docs/release/16.16/");
  expect([releaseNotes("acme/api", "1.0"), releaseNotes("redis", "stable")]).toEqual([undefined, undefined]);
});
