import https from "node:https";
import { ask } from "./http";
import { sleep } from "./process";

export interface LoadResult {
  readonly sent: number;
  readonly failed: readonly string[];
  /** Answers by their body: the versions that served. */
  readonly versions: Readonly<Record<string, number>>;
  readonly longestMs: number;
  /** The longest time in which no answer came. */
  readonly longestGapMs: number;
}

const TICK_MS = 20;

/** A bounded, steady load over kept-alive TLS connections. A request that fails is counted, never sent again. */
export class Load {
  private running = true;
  private sent = 0;
  private readonly failed: string[] = [];
  private readonly versions: Record<string, number> = {};
  private longestMs = 0;
  private longestGapMs = 0;
  private lastAnswer = Date.now();
  private readonly open = new Set<Promise<void>>();
  private readonly agent = new https.Agent({ keepAlive: true, maxSockets: 32 });
  private readonly done: Promise<void>;

  constructor(
    private readonly target: { readonly port: number; readonly host: string; readonly path: string },
    requestsPerSecond: number,
  ) {
    this.done = this.loop(requestsPerSecond);
  }

  private async loop(requestsPerSecond: number): Promise<void> {
    let owed = 0;
    let last = Date.now();
    while (this.running) {
      const now = Date.now();
      // A pause of this very process must not become a burst.
      owed += (Math.min(now - last, 200) / 1000) * requestsPerSecond;
      last = now;
      for (; owed >= 1; owed -= 1) this.send();
      await sleep(TICK_MS);
    }
  }

  private send(): void {
    this.sent += 1;
    const started = Date.now();
    const one = ask({ ...this.target, agent: this.agent, timeoutMs: 15_000 })
      .then((answer) => {
        if (answer.status === 200) this.versions[answer.body] = (this.versions[answer.body] ?? 0) + 1;
        else this.failed.push(`${new Date(started).toISOString()} ${answer.status} ${answer.body.slice(0, 60)}`);
      })
      .catch(
        (error: unknown) =>
          void this.failed.push(
            `${new Date(started).toISOString()} ${error instanceof Error ? error.message : String(error)}`,
          ),
      )
      .finally(() => {
        const now = Date.now();
        this.longestMs = Math.max(this.longestMs, now - started);
        this.longestGapMs = Math.max(this.longestGapMs, now - this.lastAnswer);
        this.lastAnswer = now;
        this.open.delete(one);
      });
    this.open.add(one);
  }

  /** Ends the load, waits for the requests under way, and gives the tally. */
  async stop(): Promise<LoadResult> {
    this.running = false;
    await this.done;
    await Promise.all(this.open);
    this.agent.destroy();
    return {
      sent: this.sent,
      failed: this.failed,
      versions: this.versions,
      longestMs: this.longestMs,
      longestGapMs: this.longestGapMs,
    };
  }
}

export const describeLoad = (result: LoadResult): string =>
  [
    `${result.failed.length} of ${result.sent} requests lost`,
    `slowest ${result.longestMs} ms`,
    `longest gap between answers ${result.longestGapMs} ms`,
    `served by ${Object.entries(result.versions)
      .map(([version, count]) => `${version} (${count})`)
      .join(", ")}`,
  ].join(", ");
