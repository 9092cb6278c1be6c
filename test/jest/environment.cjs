/**
 * Tests run in the worker's own realm and not in a context of their own, so that packages load once a worker: see
 * docs/decisions/0012-tests-share-a-realm.md. What a file changes of the process and of Jest's own state is put back.
 */
const { LegacyFakeTimers, ModernFakeTimers } = require("@jest/fake-timers");
const { ModuleMocker } = require("jest-mock");
const { AsyncLocalStorage } = require("node:async_hooks");

/** Enough for people; Pulumi takes a trace for each of its promises. Jest's own limit is 100. */
const STACK_TRACE_LIMIT = 20;
/** Where Pulumi's SDK keeps the mocks and the options of the program that runs; it makes another when there is none. */
const PULUMI_STATE = "globalStore";
const timerConfig = { idToRef: (id) => id, refToId: (timer) => timer };

/**
 * Storages that a file has used. jest-circus makes one a file. One that is left on costs every later promise of the
 * worker time, and holds the tests of its file: after 140 files that is most of what a worker does.
 */
const storages = new Set();
const { run } = AsyncLocalStorage.prototype;
AsyncLocalStorage.prototype.run = function (...args) {
  storages.add(this);
  return run.apply(this, args);
};

/**
 * What jest-circus keeps under symbols holds every test of a file: without this, each file would run the handlers of
 * all before.
 */
const symbols = () => Object.getOwnPropertySymbols(globalThis);

module.exports = class SharedRealm {
  constructor({ projectConfig: config }) {
    this.global = globalThis;
    this.moduleMocker = new ModuleMocker(globalThis);
    this.fakeTimers = new LegacyFakeTimers({
      config,
      global: globalThis,
      moduleMocker: this.moduleMocker,
      timerConfig,
    });
    this.fakeTimersModern = new ModernFakeTimers({ config, global: globalThis });
    this.before = {
      console: globalThis.console,
      cwd: process.cwd(),
      env: { ...process.env },
      exit: process.exit,
      exitCode: process.exitCode,
      getBuiltinModule: process.getBuiltinModule,
      stackTraceLimit: Error.stackTraceLimit,
      symbols: new Set(symbols()),
    };
  }

  async setup() {
    Error.stackTraceLimit = STACK_TRACE_LIMIT;
  }

  async teardown() {
    const { console, cwd, env, exit, exitCode, getBuiltinModule, stackTraceLimit, symbols: kept } = this.before;
    this.fakeTimers.dispose();
    this.fakeTimersModern.dispose();
    globalThis.console = console;
    process.exit = exit;
    process.exitCode = exitCode;
    // Jest's leads to the modules of one file.
    if (getBuiltinModule !== undefined) process.getBuiltinModule = getBuiltinModule;
    process.chdir(cwd);
    for (const name of Object.keys(process.env)) if (!(name in env)) delete process.env[name];
    Object.assign(process.env, env);
    Error.stackTraceLimit = stackTraceLimit;
    delete globalThis[PULUMI_STATE];
    for (const storage of storages) storage.disable();
    storages.clear();
    // The matchers of `expect` belong to the worker, and cannot be deleted.
    for (const symbol of symbols())
      if (!kept.has(symbol) && Object.getOwnPropertyDescriptor(globalThis, symbol).configurable)
        delete globalThis[symbol];
  }

  exportConditions() {
    return ["node", "node-addons"];
  }

  getVmContext() {
    return globalThis;
  }
};
