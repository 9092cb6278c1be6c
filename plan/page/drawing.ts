/** Shapes of the picture. Colours come from the page's style sheet, by class. */
import { markup, type Markup } from "./html";

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Pixels that a character takes at most, by the size of the text. */
const TITLE_CHARACTER = 7.9;
const NOTE_CHARACTER = 6.4;

const cut = (text: string, width: number, character: number): string => {
  const most = Math.max(Math.floor(width / character), 2);
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
};

/** A point as x and y. */
export type Point = readonly [number, number];

export const middle = ({ y, height }: Box): number => y + height / 2;

/** A container: its name, and what it is. */
export const containerBox = (box: Box, kind: string, title: string, note: string): Markup => {
  const { x, y, width, height } = box;
  return markup`<g class="node ${kind}"><title>${title}: ${note}</title>
    <rect x="${x}" y="${y}" width="${width}" height="${height}" rx="8"/>
    <text class="name" x="${x + 14}" y="${y + height / 2 - 4}">${cut(title, width - 24, TITLE_CHARACTER)}</text>
    <text class="note" x="${x + 14}" y="${y + height / 2 + 14}">${cut(note, width - 24, NOTE_CHARACTER)}</text></g>`;
};

/** Something that is not of the stack: the internet, the engine's socket. */
export const outsideBox = ({ x, y, width, height }: Box, title: string): Markup =>
  markup`<g class="outside"><rect x="${x}" y="${y}" width="${width}" height="${height}" rx="${height / 2}"/>
    <text class="name" x="${x + width / 2}" y="${y + height / 2 + 5}" text-anchor="middle">${title}</text></g>`;

/** A network: a bar that its members are joined to. */
export const bar = (box: Box, kind: string): Markup =>
  markup`<rect class="bar ${kind}" x="${box.x}" y="${box.y}" width="${box.width}" height="${box.height}"
    rx="${Math.min(box.width, box.height) / 2}"/>`;

/** Where a text is put, and which of its ends is there. */
export interface Anchor {
  readonly x: number;
  readonly y: number;
  /** @default "middle" */
  readonly anchor?: "start" | "middle" | "end";
}

export const label = ({ x, y, anchor = "middle" }: Anchor, text: string, kind: string): Markup =>
  markup`<text class="label ${kind}" x="${x}" y="${y}" text-anchor="${anchor}">${text}</text>`;

/** A line through points. @param arrow whether it ends in an arrow's head */
export const line = (points: readonly Point[], kind: string, arrow?: string): Markup =>
  markup`<polyline class="line ${kind}"
    points="${points.map(([x, y]) => `${x},${y}`).join(" ")}"${
      arrow === undefined
        ? ""
        : markup`
      marker-end="url(#${arrow})"`
    }/>`;

/** Where a member meets its network. */
export const joint = (x: number, y: number, kind: string): Markup =>
  markup`<circle class="joint ${kind}" cx="${x}" cy="${y}" r="4"/>`;

/** A picture of its own size. @param id unique in the page */
export const picture = (
  id: string,
  size: { readonly left: number; readonly width: number; readonly height: number },
  description: string,
  parts: readonly Markup[],
): Markup =>
  markup`<svg class="topology ${id}" viewBox="${size.left} 0 ${size.width} ${size.height}" role="img"
    aria-labelledby="${id}-title"><title id="${id}-title">${description}</title><defs>${["plain", "open", "danger"].map(
      (kind) =>
        markup`<marker id="${id}-${kind}"
        class="head ${kind}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">
          <path d="M0 0 8 4 0 8z"/></marker>`,
    )}</defs>${parts}</svg>`;
