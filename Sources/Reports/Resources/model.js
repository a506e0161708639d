"use strict";
// The profile: decodes the page's data, and sums it up for a choice of event and threads.
// Nodes are numbered in preorder, so a node's subtree is the range [node, end[node]).

const digitValues = (() => {
  const values = new Uint8Array(128);
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (let i = 0; i < 64; i++) values[alphabet.charCodeAt(i)] = i;
  return values;
})();

/// Numbers of five-bit digits, the least significant first; the sixth bit continues.
class NumberReader {
  constructor(text) { this.text = text; this.position = 0; }
  get isAtEnd() { return this.position >= this.text.length; }
  next() {
    let result = 0, scale = 1;
    for (;;) {
      const digit = digitValues[this.text.charCodeAt(this.position++)];
      result += (digit & 31) * scale;
      if (digit < 32) return result;
      scale *= 32;
    }
  }
}

class Model {
  constructor(data) {
    this.data = data;
    this.decodeTree(data.tree);
    this.addLost();
    this.decodeValues(data.values);
    this.count = new Float64Array(this.size);
    this.weight = new Float64Array(this.size);
    this.selfCount = new Float64Array(this.size);
    this.selfWeight = new Float64Array(this.size);
    this.left = new Float64Array(this.size);
    this.byWeight = true;
    this.select(0, -1);
  }

  decodeTree(text) {
    // A node takes at least two digits.
    const room = text.length / 2 + 1;
    const parent = new Int32Array(room), frame = new Int32Array(room), depth = new Int32Array(room);
    const reader = new NumberReader(text);
    frame[0] = -1;
    parent[0] = -1;
    let size = 1, last = 0;
    while (!reader.isAtEnd) {
      for (let up = reader.next(); up > 0; up--) last = parent[last];
      parent[size] = last;
      frame[size] = reader.next();
      depth[size] = depth[last] + 1;
      last = size++;
    }
    this.size = size;
    this.parent = parent.slice(0, size);
    this.frame = frame.slice(0, size);
    this.depth = depth.slice(0, size);
    this.end = new Int32Array(size);
    for (let node = size - 1; node >= 0; node--) {
      this.end[node] = Math.max(this.end[node], node + 1);
      if (node > 0) this.end[this.parent[node]] = Math.max(this.end[this.parent[node]], this.end[node]);
    }
  }

  /// A root for the lost samples, the last node: they belong to no thread and no function.
  addLost() {
    const { data } = this;
    this.lostNode = -1;
    if (!data.lostOfEvents.some((lost) => lost.count > 0)) return;
    data.modules.push({ name: "[lost]", path: "[lost]", kind: "unknown" });
    data.files.push("");
    data.functions.push("[lost]");
    data.functionModules.push(data.modules.length - 1);
    data.functionFiles.push(data.files.length - 1);
    this.lostNode = this.size++;
    const append = (array, value) => {
      const longer = new Int32Array(this.size);
      longer.set(array);
      longer[this.lostNode] = value;
      return longer;
    };
    this.parent = append(this.parent, 0);
    this.frame = append(this.frame, (data.functions.length - 1) << 1);
    this.depth = append(this.depth, 1);
    this.end = append(this.end, this.size);
    this.end[0] = this.size;
  }

  decodeValues(text) {
    const reader = new NumberReader(text);
    const values = [];
    let node = 0;
    while (!reader.isAtEnd) {
      node += reader.next();
      values.push(node, reader.next(), reader.next(), reader.next(), reader.next());
    }
    this.values = Float64Array.from(values);
  }

  /// Sums up the samples of an event and a thread name; -1 is every thread.
  select(event, thread) {
    const { values, count, weight, selfCount, selfWeight, parent } = this;
    this.event = event;
    this.thread = thread;
    selfCount.fill(0);
    selfWeight.fill(0);
    for (let i = 0; i < values.length; i += 5) {
      if (values[i + 2] !== event || (thread >= 0 && values[i + 1] !== thread)) continue;
      selfCount[values[i]] += values[i + 3];
      selfWeight[values[i]] += values[i + 4];
    }
    if (this.lostNode >= 0 && thread < 0) {
      const lost = this.data.lostOfEvents[event] || { count: 0, weight: 0 };
      selfCount[this.lostNode] = lost.count;
      selfWeight[this.lostNode] = lost.weight;
    }
    count.set(selfCount);
    weight.set(selfWeight);
    for (let node = this.size - 1; node > 0; node--) {
      count[parent[node]] += count[node];
      weight[parent[node]] += weight[node];
    }
    this.layOut();
  }

  /// Where each node begins: after its elder siblings, at its parent's left edge.
  layOut() {
    const { left, parent, total } = this;
    const next = new Float64Array(this.size);
    for (let node = 1; node < this.size; node++) {
      left[node] = next[parent[node]];
      next[parent[node]] += total[node];
      next[node] = left[node];
    }
  }

  /// What the width of a frame stands for.
  get total() { return this.byWeight && this.hasWeight ? this.weight : this.count; }
  get self() { return this.byWeight && this.hasWeight ? this.selfWeight : this.selfCount; }
  get hasWeight() { return this.weight[0] > 0; }
  get unit() { return (this.data.events[this.event] || { unit: "count" }).unit; }

  functionOf(node) { return this.frame[node] >> 1; }
  isInlined(node) { return (this.frame[node] & 1) === 1; }
  nameOf(node) { return node === 0 ? "all" : this.data.functions[this.functionOf(node)]; }
  moduleOf(node) { return this.data.functionModules[this.functionOf(node)]; }
  fileOf(node) { return this.data.files[this.data.functionFiles[this.functionOf(node)]]; }

  firstChild(node) {
    for (let child = node + 1; child < this.end[node]; child = this.end[child]) {
      if (this.total[child] > 0) return child;
    }
    return -1;
  }

  /// The sibling before (-1) or after (1) that has a width.
  sibling(node, direction) {
    if (node === 0) return -1;
    let before = -1;
    const parent = this.parent[node];
    for (let child = parent + 1; child < this.end[parent]; child = this.end[child]) {
      if (child === node) {
        if (direction < 0) return before;
      } else if (this.total[child] > 0) {
        if (child > node) return child;
        before = child;
      }
    }
    return -1;
  }

  /// The frames from the outermost to `node`, without the root.
  path(node) {
    const path = [];
    for (; node > 0; node = this.parent[node]) path.push(node);
    return path.reverse();
  }

  /// Own and whole value of each function; a recursive one counts a sample once.
  functionTotals() {
    const own = new Float64Array(this.data.functions.length), whole = new Float64Array(own.length);
    const until = new Int32Array(own.length);
    for (let node = 1; node < this.size; node++) {
      const index = this.functionOf(node);
      own[index] += this.self[node];
      if (node < until[index]) continue;
      until[index] = this.end[node];
      whole[index] += this.total[node];
    }
    return { own, whole };
  }

  /// What the matching frames stand for together, each part once.
  shareOf(matches) {
    let sum = 0;
    for (let node = 1; node < this.size;) {
      if (matches[this.functionOf(node)]) {
        sum += this.total[node];
        node = this.end[node];
      } else node++;
    }
    return sum;
  }
}

const thinSpace = "\u202f";

function formatCount(number) {
  return String(Math.round(number)).replace(/\B(?=(\d{3})+$)/g, thinSpace);
}

function formatShare(part, whole) {
  if (!(whole > 0)) return "0 %";
  const share = part / whole * 100;
  if (part > 0 && share < 0.01) return "<0.01" + thinSpace + "%";
  return share.toFixed(share < 10 ? 2 : 1) + thinSpace + "%";
}

function formatDuration(nanoseconds) {
  const steps = [[1e9, "s", 2], [1e6, "ms", 1], [1e3, "µs", 1]];
  if (nanoseconds >= 3.6e12) {
    return Math.floor(nanoseconds / 3.6e12) + " h " + Math.floor(nanoseconds / 6e10 % 60) + " min";
  }
  if (nanoseconds >= 60e9) {
    return Math.floor(nanoseconds / 6e10) + " min " + Math.floor(nanoseconds / 1e9 % 60) + " s";
  }
  for (const [size, unit, digits] of steps) {
    if (nanoseconds >= size) return (nanoseconds / size).toFixed(digits) + thinSpace + unit;
  }
  return nanoseconds === 0 ? "0" + thinSpace + "s" : nanoseconds + thinSpace + "ns";
}

function formatQuantity(value, unit) {
  if (unit === "nanoseconds") return formatDuration(value);
  for (const [size, letter] of [[1e9, "G"], [1e6, "M"], [1e4, "k"]]) {
    if (value >= size) return (value / (size === 1e4 ? 1e3 : size)).toFixed(2) + thinSpace + letter;
  }
  return formatCount(value);
}

/// A name without its parameters and with `<…>` for type arguments, for where room is scarce.
/// Names whose parentheses mean something else stay as they are.
function shortened(name) {
  if (/operator|^(closure|thunk|partial apply|protocol witness|reabstraction|outlined) /.test(name)) return name;
  let result = "", angles = 0;
  for (let i = 0; i < name.length; i++) {
    const character = name[i];
    if (character === "(" && angles === 0 && i > 0 && !name.startsWith("(anonymous", i)) break;
    if (character === "<") {
      if (angles++ === 0 && i > 0) result += "<…>";
      else if (i === 0) return name;
    } else if (character === ">" && name[i - 1] !== "-") angles = Math.max(angles - 1, 0);
    else if (angles === 0) result += character;
  }
  return result || name;
}
