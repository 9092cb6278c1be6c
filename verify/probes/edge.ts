/** What every probe of the edge begins with. */
import { connect } from "node:net";
import type { Finding } from "../check";
import { edgePlace, type EdgePlace } from "../edge/place";
import type { Stage } from "../stage";
import type { Probe } from "./probe";

const PATIENCE_MS = 5_000;

/** Undefined where the port takes connections, else why it does not. */
const closed = ({ address, httpsPort }: EdgePlace): Promise<string | undefined> =>
  new Promise((resolve) => {
    const socket = connect({ host: address, port: httpsPort }, () => {
      resolve(undefined);
      socket.destroy();
    });
    socket.setTimeout(PATIENCE_MS, () => socket.destroy(new Error(`no answer within ${PATIENCE_MS / 1000} s`)));
    socket.on("error", ({ message }) => resolve(message));
  });

/** A probe of the published ports, which is skipped with the reason where this process cannot reach them. */
export const edgeProbe = ({
  run,
  ...control
}: Omit<Probe, "run"> & {
  readonly run: (stage: Stage, place: EdgePlace) => Promise<readonly Finding[]>;
}): Probe => ({
  ...control,
  run: async (stage) => {
    const place = edgePlace(stage.config, stage.engine.host);
    const why = typeof place === "string" ? place : await closed(place);
    if (typeof place === "string" || why !== undefined)
      return [{ status: "skip", target: "edge", evidence: `cannot be reached from here: ${why ?? ""}` }];
    return run(stage, place);
  },
});

/** One finding of many attempts: what does not hold, else what could not be told, else what was seen. */
export function summed(
  target: string,
  { faults, untold, seen }: Readonly<Record<"faults" | "untold" | "seen", readonly string[]>>,
): Finding {
  if (faults.length > 0) return { status: "fail", target, evidence: faults.join("; ") };
  return untold.length > 0
    ? { status: "skip", target, evidence: `not told: ${untold.join("; ")}` }
    : { status: "pass", target, evidence: seen.join("; ") };
}
