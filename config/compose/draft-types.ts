import type { Environment } from "../environment";
import type { Note } from "./notes";
import type { ComposeProject, EngineFacts } from "./project";
import type { ServiceRoutes } from "./routes";

/** What the parts of a draft look at. */
export interface DraftContext {
  readonly environment: Environment;
  readonly images: ReadonlyMap<string, EngineFacts>;
  readonly project: ComposeProject;
  readonly routes: ReadonlyMap<string, ServiceRoutes>;
  /** What the host's directories are named after. */
  readonly directory: string;
  readonly assigned: Assigned;
}

/** Names that the whole stack shares, as they are given out. */
export interface Assigned {
  /** Keys of secrets, by what identifies the value. */
  readonly secrets: Map<string, string>;
  /** Names of volumes, by the directory of the host or the place that they stand for. */
  readonly volumes: Map<string, string>;
}

interface DraftComment {
  /** From the service on. */
  readonly path: readonly (string | number)[];
  readonly text: string;
}

/** What the parts of a draft have to say. */
export interface Remarks {
  readonly comments: DraftComment[];
  readonly instead: Note[];
  readonly weaker: Note[];
  readonly check: Note[];
  /** Commands that bring files of the host to their places. */
  readonly copies: string[];
}
