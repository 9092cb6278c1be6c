import { join } from "node:path";
import type { DockerClient } from "../../engine/docker";
import { followPull } from "../../engine/pull-progress";
import type { Printer, Stream } from "../shared/output";
import { follow, show } from "../shared/run";
import { EventLog } from "./progress/event-log";
import { parseEvent } from "./progress/event";
import { LiveView } from "./progress/live-view";
import { advance, begun, seconds, withPull, type Line, type Progress } from "./progress/progress";
import { PullWatch } from "./progress/pull-watch";
import { liveLines, messageLines, summaryLine, waitingLine } from "./progress/render";

export interface Deployment {
  /** The Pulumi CLI. */
  readonly pulumi: string;
  readonly env: NodeJS.ProcessEnv;
  /** Says how far pulls are. */
  readonly engine: Pick<DockerClient, "dial">;
  readonly root: string;
  /** A private directory, for the time of the deployment. */
  readonly directory: string;
  readonly print: Printer;
  /** Where progress goes: a terminal, or not. */
  readonly stream: Stream;
  /** Pulumi's own output, as it is. */
  readonly verbose: boolean;
}

/** The summary names the URLs, and `stack output` shows the rest. */
const UP = ["up", "--yes", "--skip-preview", "--suppress-outputs"];

const LOOK_MS = 200;
/** Without a terminal: how long there may be no news before a line says what is awaited. */
const SILENCE_MS = 15_000;

/** Runs `pulumi up`, shows how far it is, and gives the exit code. */
export async function deployStack(deployment: Deployment): Promise<number> {
  const { pulumi, env, root, verbose, stream } = deployment;
  // Without a terminal Pulumi's own progress would be rows of dots.
  if (verbose) return show(pulumi, [...UP, ...(stream.isTTY === true ? [] : ["--suppress-progress"])], env, root);
  const log = new EventLog(join(deployment.directory, `events-${process.pid}.jsonl`));
  const screen = new Screen(deployment, log);
  const timer = setInterval(() => screen.look(), LOOK_MS);
  try {
    const args = [...UP, "--suppress-progress", "--non-interactive", "--color", "never", "--event-log", log.path];
    // The option is Pulumi's own for its automation API, and hidden without the variable.
    const { code, stdout, stderr } = await follow(pulumi, args, { ...env, PULUMI_DEBUG_COMMANDS: "true" }, root);
    screen.end(code, `${stdout}${stderr}`);
    return code;
  } finally {
    clearInterval(timer);
    screen.close();
    log.close();
  }
}

/** What is seen of one deployment. */
class Screen {
  private progress: Progress = begun(Date.now());
  private spoken = Date.now();
  private readonly view: LiveView | undefined;
  private readonly pulls: PullWatch;

  constructor(
    private readonly deployment: Deployment,
    private readonly log: EventLog,
  ) {
    this.view = deployment.stream.isTTY === true ? new LiveView(deployment.stream) : undefined;
    this.pulls = new PullWatch((image) =>
      followPull(deployment.engine, image, (bytes) => (this.progress = withPull(this.progress, image, bytes))),
    );
  }

  /** Nothing is followed any more. */
  close(): void {
    this.pulls.follow([], Date.now());
  }

  /** Takes in what is new, and shows it. */
  look(): void {
    const now = Date.now();
    const lines = this.takeIn(now);
    this.pulls.follow([...this.progress.awaited.values()], now);
    if (lines.length > 0) this.say(lines, now);
    const { stream, print } = this.deployment;
    if (this.view !== undefined) return this.view.draw(liveLines(this.progress, now, stream.columns ?? 80));
    const waiting = now - this.spoken < SILENCE_MS ? undefined : waitingLine(this.progress, now);
    if (waiting === undefined) return;
    print.progress(`  ..  ${seconds(now - this.progress.started)}: ${waiting}`);
    this.spoken = now;
  }

  /** @param output of the CLI, for a failure that it reported in no other way */
  end(code: number, output: string): void {
    const now = Date.now();
    this.say(this.takeIn(now), now);
    const { print } = this.deployment;
    const said = messageLines(this.progress.messages);
    for (const line of said) print.progress(`\n${line}`);
    if (code !== 0 && !said.some((line) => line.startsWith("error: "))) print.progress(`\n${output.trim()}`);
    const summary = summaryLine(this.progress);
    if (summary !== undefined && code === 0) print.ok(`${summary} (${seconds(now - this.progress.started)})`);
  }

  private takeIn(now: number): Line[] {
    return this.log.lines().flatMap((line) => {
      const event = parseEvent(line);
      if (event === undefined) return [];
      const { progress, lines } = advance(this.progress, event, now);
      this.progress = progress;
      return lines;
    });
  }

  private say(lines: readonly Line[], now: number): void {
    this.view?.clear();
    const { print } = this.deployment;
    for (const { tone, text } of lines) {
      if (tone === "good") print.ok(text);
      else if (tone === "bad") print.missing(text);
      else print.progress(`  ..  ${text}`);
    }
    this.spoken = now;
  }
}
