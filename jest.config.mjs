/** @type {import("jest").Config} */
export default {
  // Every core: the default leaves one idle, which on two cores is half of them.
  maxWorkers: "100%",
  testEnvironment: "node",
  // A Pulumi program keeps its state in the global object, and a file is done with its own.
  testEnvironmentOptions: { globalsCleanup: "off" },
  testMatch: ["<rootDir>/test/**/*.test.ts"],
  testPathIgnorePatterns: ["/node_modules/", "<rootDir>/test/e2e/"],
  // The Pulumi SDK loads npm's and TypeScript's own libraries to serialise functions, which nothing here does.
  moduleNameMapper: {
    "^@npmcli/arborist$": "<rootDir>/test/stubs/unused.cjs",
    "typescript-shim$": "<rootDir>/test/stubs/unused.cjs",
  },
  transform: {
    "^.+\\.ts$": [
      "@swc/jest",
      { jsc: { parser: { syntax: "typescript" }, target: "es2022" }, module: { type: "commonjs" } },
    ],
  },
  // The tests that start a real PostgreSQL need longer than a unit test's five seconds.
  testTimeout: 30_000,
};
