/** @type {import("jest").Config} */
export default {
  // Every core: the default leaves one idle, which on two cores is half of them.
  maxWorkers: "100%",
  // Packages are loaded once a worker, this repository's files once a test file: docs/decisions/0012.
  testEnvironment: "<rootDir>/test/jest/environment.cjs",
  runtime: "<rootDir>/test/jest/runtime.cjs",
  testMatch: ["<rootDir>/test/**/*.test.ts"],
  testPathIgnorePatterns: ["/node_modules/", "<rootDir>/test/e2e/"],
  transform: {
    "^.+\\.ts$": [
      "@swc/jest",
      { jsc: { parser: { syntax: "typescript" }, target: "es2022" }, module: { type: "commonjs" } },
    ],
  },
  // The tests that start a real PostgreSQL need longer than a unit test's five seconds.
  testTimeout: 30_000,
};
