import { compareDebian, compareVersions, standing, versionOf, type Version } from "../../../hardening/host/versions";

const version = (text: string): Version => {
  const found = versionOf(text);
  if (found === undefined) throw new Error(`${text} is no version`);
  return found;
};

test.each([
  ["1.0.0-rc7", "1.0.0-rc93"],
  ["1.0.0~rc93+ds1", "1.0.0"],
  ["1.4.0-rc.3", "1.4.0"],
  ["v1.6.20~ds1", "1.6.21"],
  ["5.15", "5.15.1"],
])("%s is older than %s", (older, newer) => {
  expect(compareVersions(version(older), version(newer))).toBe(-1);
  expect(compareVersions(version(newer), version(older))).toBe(1);
});

test.each([
  ["5.7.19", "before"],
  ["5.10.101", "affected"],
  ["5.10.102", "fixed"],
  ["5.14.21", "affected"],
  ["5.15.25", "fixed"],
  ["5.16.10", "affected"],
  ["5.17", "fixed"],
  ["6.1.76", "fixed"],
])("Linux %s is %s with Dirty Pipe", (text, expected) => {
  expect(standing(version(text), ["5.10.102", "5.15.25", "5.16.11", "5.17"], "5.8")).toBe(expected);
});

test.each([
  ["1.1.15", "affected"],
  ["1.2.7", "affected"],
  ["1.2.8", "fixed"],
  ["1.3.2", "affected"],
  ["1.4.0-rc.2", "affected"],
  ["1.4.0-rc.3", "fixed"],
  ["1.5.0", "fixed"],
])("runc %s is %s with a fault that three branches mend", (text, expected) => {
  expect(standing(version(text), ["1.2.8", "1.3.3", "1.4.0-rc.3"])).toBe(expected);
});

// The examples of deb-version(7), and what dpkg says of packages that were released.
test.each([
  ["1.0~rc1-1", "1.0-1"],
  ["1.1.5+ds1-1", "1.1.5+ds1-1+deb12u1"],
  ["1.0.0~rc93+ds1-5+deb11u2", "1.0.0~rc93+ds1-5+deb11u3"],
  ["1.1.7-0ubuntu1~22.04.1", "1.1.7-0ubuntu1~22.04.2"],
  ["1.1.7-0ubuntu1~22.04.2", "1.1.7-0ubuntu2.2"],
  ["6.1.76-1", "6.1.192-2"],
  ["9.9", "1:0.1"],
  ["20.10.24+dfsg1-1+deb12u1", "20.10.24+dfsg1-1+deb12u1+b6"],
])("dpkg takes %s for older than %s", (older, newer) => {
  expect(compareDebian(older, newer)).toBeLessThan(0);
  expect(compareDebian(newer, older)).toBeGreaterThan(0);
  expect(compareDebian(older, older)).toBe(0);
});
