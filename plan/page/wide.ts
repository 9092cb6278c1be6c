import { bar, containerBox, joint, label, line, middle, outsideBox, picture, type Box, type Point } from "./drawing";
import type { Markup } from "./html";
import { describeTopology, edgeNote, type Node, type Topology } from "./topology";

const ID = "wide";
const HEIGHT = 54;
const GAP = 14;
const TOP = 46;
/** Where each column begins, and how wide it is. */
const INTERNET = { x: 2, width: 116 };
const EDGE = { x: 196, width: 132 };
const PROXY = 372;
const PROGRAMS = { x: 424, width: 212 };
const INTERNAL = 722;
const DATA = { x: 772, width: 200 };
const OUTSIDE = { x: 1042, width: 130 };
const WIDTH = 1180;
const BAR = 8;

const column = ({ x, width }: { x: number; width: number }, index: number, top: number): Box => ({
  x,
  y: top + index * (HEIGHT + GAP),
  width,
  height: HEIGHT,
});

interface Placed {
  readonly node: Node;
  readonly box: Box;
}

/** From left to right: the internet, the edge, the services, the data; below them the ways out. */
export function widePicture(topology: Topology): Markup {
  const { programs, data } = topology;
  const tall = Math.max(programs.length, data.length, 1);
  const bottom = TOP + tall * (HEIGHT + GAP) - GAP;
  const centred = (count: number): number => TOP + ((tall - Math.max(count, 1)) * (HEIGHT + GAP)) / 2;
  const left = programs.map((node, index): Placed => ({
    node,
    box: column(PROGRAMS, index, centred(programs.length)),
  }));
  const right = data.map((node, index): Placed => ({ node, box: column(DATA, index, centred(data.length)) }));
  const edge: Box = { ...EDGE, y: (TOP + bottom - HEIGHT) / 2, height: HEIGHT };
  const ways = waysOut(topology, left, right, bottom);
  return picture(
    ID,
    {
      left: ways.parts.length === 0 ? (DATA.x + DATA.width - OUTSIDE.x - OUTSIDE.width) / 2 : 0,
      width: WIDTH,
      height: ways.bottom,
    },
    describeTopology(topology),
    [
      ...entrance(topology, edge),
      ...network(PROXY, "proxy", left.filter(on("proxy")), [edge]),
      ...network(INTERNAL, "internal", [...left.filter(on("internal")), ...right.filter(on("internal"))]),
      ...left.map(({ node, box }) => containerBox(box, node.component, node.name, node.note)),
      ...right.map(({ node, box }) => containerBox(box, node.component, node.name, node.note)),
      ...ways.parts,
    ],
  );
}

const on =
  (name: string) =>
  ({ node }: Placed): boolean =>
    node.networks.includes(name);

function entrance(topology: Topology, edge: Box): Markup[] {
  const y = middle(edge);
  const { ports } = topology.edge;
  const between = (INTERNET.x + INTERNET.width + EDGE.x) / 2;
  return [
    outsideBox({ ...INTERNET, y: y - 22, height: 44 }, topology.outside),
    line(
      [
        [INTERNET.x + INTERNET.width, y],
        [EDGE.x - 3, y],
      ],
      "plain",
      `${ID}-plain`,
    ),
    // One above the other: two ports of five digits are wider than the gap.
    ...ports.toReversed().map((port, index) => label({ x: between, y: y - 10 - index * 16 }, String(port), "port")),
    label({ x: between, y: y + 20 }, "public", "network"),
    containerBox(edge, "edge", "gateway", edgeNote(topology)),
  ];
}

/** A vertical bar, and a line to it from each member. */
function network(x: number, name: string, members: readonly Placed[], further: readonly Box[] = []): Markup[] {
  const boxes = [...further, ...members.map(({ box }) => box)];
  if (boxes.length === 0) return [];
  const rows = boxes.map(middle);
  const [top, end] = [Math.min(...rows) - 16, Math.max(...rows) + 16];
  return [
    label({ x: x + BAR / 2, y: top - 10 }, name, "network"),
    ...boxes.map((box) => {
      const y = middle(box);
      const from = box.x > x ? box.x : box.x + box.width;
      return line(
        [
          [from, y],
          [x + BAR / 2, y],
        ],
        "network",
      );
    }),
    bar({ x, y: top, width: BAR, height: end - top }, "internal"),
    ...boxes.map((box) => joint(x + BAR / 2, middle(box), "network")),
  ];
}

interface Ways {
  readonly parts: Markup[];
  readonly bottom: number;
}

/**
 * A row for the internet and one for each consumer of the Docker API: lines down from the members, then to the right.
 * The further down a row, the further left its line comes down, so that no line crosses another row.
 */
function waysOut({ dockerApi }: Topology, left: readonly Placed[], right: readonly Placed[], bottom: number): Ways {
  const parts: Markup[] = [];
  const leaving = { left: left.filter(on("egress")), right: right.filter(on("egress")) };
  const leaves = leaving.left.length + leaving.right.length > 0;
  let channel = PROGRAMS.x + PROGRAMS.width + 20 + 12 * dockerApi.length;
  let y = bottom + 34;
  if (leaves) {
    const row = y + 8;
    parts.push(
      ...exit(
        leaving.left.map(({ box }) => box),
        channel,
        row,
      ),
      ...detour(
        leaving.right.map(({ box }) => box),
        row,
      ),
    );
    parts.push(label({ x: DATA.x, y: row - 9, anchor: "start" }, "egress", "open"));
    parts.push(outsideBox({ ...OUTSIDE, y: row - 20, height: 40 }, "internet"));
    y = row + 34;
  }
  for (const { consumer, permissions } of dockerApi) {
    channel -= 12;
    const member = left.find(({ node }) => node.name === consumer);
    if (member !== undefined) parts.push(...socketProxy(member, permissions, channel, y));
    y += HEIGHT + GAP;
  }
  return { parts, bottom: parts.length === 0 ? bottom + 14 : y };
}

/** From services: down a channel of their own, below everything. */
const exit = (boxes: readonly Box[], channel: number, row: number): Markup[] =>
  boxes.flatMap((box) => {
    const [edge, start] = [box.x + box.width, middle(box) - 14];
    const points: Point[] = [
      [edge, start],
      [channel, start],
      [channel, row],
      [OUTSIDE.x - 3, row],
    ];
    return [line(points, "open", `${ID}-open`), joint(edge, start, "open")];
  });

/** From the data's column: down on its right. */
const detour = (boxes: readonly Box[], row: number): Markup[] =>
  boxes.flatMap((box) => {
    const [edge, start] = [box.x + box.width, middle(box)];
    const points: Point[] = [
      [edge, start],
      [edge + 24, start],
      [edge + 24, row],
      [OUTSIDE.x - 3, row],
    ];
    return [line(points, "open", `${ID}-open`), joint(edge, start, "open")];
  });

function socketProxy({ node, box: from }: Placed, permissions: number, channel: number, y: number): Markup[] {
  const box: Box = { ...DATA, y, height: HEIGHT };
  const [edge, start, row] = [from.x + from.width, middle(from) + 14, middle(box)];
  return [
    line(
      [
        [edge, start],
        [channel, start],
        [channel, row],
        [box.x - 3, row],
      ],
      "danger",
      `${ID}-danger`,
    ),
    joint(edge, start, "danger"),
    containerBox(
      box,
      "socket-proxy",
      `socket proxy of ${node.name}`,
      `${permissions} permitted ${permissions === 1 ? "request" : "requests"}`,
    ),
    line(
      [
        [box.x + box.width, row],
        [OUTSIDE.x - 3, row],
      ],
      "danger",
      `${ID}-danger`,
    ),
    outsideBox({ ...OUTSIDE, y: row - 20, height: 40 }, "Docker socket"),
  ];
}
