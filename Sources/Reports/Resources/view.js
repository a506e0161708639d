// The drawing: a canvas as large as the visible part of the graph, whatever the depth of the
// stacks. Frames narrower than a hair are not drawn one by one but as one block, so the cost
// follows the screen's size and not the profile's.

const rowHeight = 20;
const narrowest = 0.6;

class Colors {
  constructor(model) {
    this.model = model;
    // The modules with the greatest share get the colours that differ most.
    this.hues = [45, 235, 150, 350, 95, 195, 315, 120];
    const own = new Float64Array(model.data.modules.length);
    for (let node = 1; node < model.size; node++) own[model.moduleOf(node)] += model.self[node];
    this.own = own;
    this.ranking = [...own.keys()].filter((m) => model.data.modules[m].kind === "file")
      .sort((a, b) => own[b] - own[a]);
    this.rank = new Map(this.ranking.map((module, rank) => [module, rank]));
    this.cache = new Map();
  }

  setTheme(isDark) {
    this.isDark = isDark;
    this.text = isDark ? "#f4f2ee" : "#1d1c1a";
    this.softText = isDark ? "#a9a69f" : "#6b675f";
    this.page = isDark ? "#17181b" : "#fbfaf8";
    this.culled = isDark ? "#3a3c41" : "#dcd8d0";
    this.focus = isDark ? "#9cc8ff" : "#0b4fa0";
    this.match = isDark ? "oklch(0.52 0.2 330)" : "oklch(0.8 0.16 330)";
    this.root = isDark ? "#33363c" : "#e7e3db";
    this.cache.clear();
  }

  /// Lightness and chroma are alike for all hues, so every name is equally readable.
  ofModule(module, step) {
    const { kind } = this.model.data.modules[module];
    const lightness = (this.isDark ? 0.45 : 0.845) + (step - 3.5) * 0.011;
    let chroma = 0.085, hue = 0;
    if (kind === "kernel") { hue = 290; chroma = this.isDark ? 0.1 : 0.075; }
    else if (kind === "vdso") { hue = 290; chroma = 0.04; }
    else if (kind === "unknown") chroma = 0;
    else {
      const rank = this.rank.get(module);
      hue = this.hues[rank % this.hues.length];
      if (rank >= this.hues.length) { chroma *= 0.35; hue += 20; }
    }
    return `oklch(${lightness.toFixed(3)} ${chroma.toFixed(3)} ${hue})`;
  }

  ofNode(node) {
    if (node === 0) return this.root;
    const index = this.model.functionOf(node);
    let color = this.cache.get(index);
    if (!color) {
      // Neighbours of one module differ a little, always in the same way.
      let hash = 7;
      const name = this.model.data.functions[index];
      for (let i = 0; i < name.length; i++) hash = (hash * 31 + name.charCodeAt(i)) | 0;
      color = this.ofModule(this.model.moduleOf(node), Math.abs(hash) % 8);
      this.cache.set(index, color);
    }
    return color;
  }
}

class GraphView {
  constructor(model, canvas, scroller, spacer) {
    Object.assign(this, { model, canvas, scroller, spacer });
    this.context = canvas.getContext("2d");
    this.colors = new Colors(model);
    this.isIcicle = true;
    this.zoomed = 0;
    this.focused = -1;
    this.hovered = -1;
    this.matches = null;
    this.range = { start: 0, width: 1 };
    this.widths = new Map();
    scroller.addEventListener("scroll", () => this.draw());
  }

  setSize() {
    this.width = this.scroller.clientWidth;
    this.height = this.scroller.clientHeight;
    this.scale = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(this.width * this.scale);
    this.canvas.height = Math.round(this.height * this.scale);
    this.canvas.style.width = this.width + "px";
    this.canvas.style.height = this.height + "px";
    this.measure();
    this.draw();
  }

  /// The rows that the range needs, and with them the scroll height.
  measure() {
    let deepest = 0;
    this.visit((node) => { deepest = Math.max(deepest, this.model.depth[node]); }, () => {});
    this.rows = deepest + 1;
    const height = Math.max(this.rows * rowHeight + 8, this.height);
    this.contentHeight = height;
    // The canvas is sticky and takes one view's height itself.
    this.spacer.style.height = Math.max(height - this.height, 0) + "px";
  }

  /// Visits what is wide enough, in preorder; what is not is given to `cull`, with its subtree.
  visit(visible, cull) {
    const { model, range, width } = this;
    const { left, total, end } = model;
    const factor = width / range.width, last = range.start + range.width;
    for (let node = 0; node < model.size;) {
      if (left[node] >= last || left[node] + total[node] <= range.start || total[node] === 0) {
        node = end[node];
      } else if (total[node] * factor < narrowest) {
        cull(node, (left[node] - range.start) * factor, total[node] * factor);
        node = end[node];
      } else {
        visible(node, (left[node] - range.start) * factor, total[node] * factor);
        node++;
      }
    }
  }

  top(depth) {
    const row = this.isIcicle
      ? depth * rowHeight + 4 : this.contentHeight - (depth + 1) * rowHeight - 4;
    return row - this.scroller.scrollTop;
  }

  draw() {
    if (!this.width || this.isPending) return;
    this.isPending = true;
    requestAnimationFrame(() => { this.isPending = false; this.paint(); });
  }

  paint() {
    const { context, colors, model, height } = this;
    context.setTransform(this.scale, 0, 0, this.scale, 0, 0);
    context.fillStyle = colors.page;
    context.fillRect(0, 0, this.width, height);
    context.textBaseline = "middle";
    const blocks = new Map();
    this.visit(
      (node, x, w) => {
        const y = this.top(model.depth[node]);
        if (y > -rowHeight && y < height) this.paintFrame(node, x, y, w);
      },
      (node, x, w) => {
        const depth = model.depth[node], block = blocks.get(depth);
        if (block && x - block.end < 1) { block.end = x + w; return; }
        if (block) this.paintBlock(depth, block);
        blocks.set(depth, { start: x, end: x + w });
      });
    for (const [depth, block] of blocks) this.paintBlock(depth, block);
    this.paintOutline(this.hovered, colors.text, 1);
    this.paintOutline(this.focused, colors.focus, 2);
  }

  /// Many frames, each too narrow to be seen.
  paintBlock(depth, { start, end }) {
    const y = this.top(depth);
    if (end - start < 0.8 || y < -rowHeight || y > this.height) return;
    this.context.globalAlpha = 1;
    this.context.fillStyle = this.colors.culled;
    this.context.fillRect(start, y, end - start, rowHeight - 1);
  }

  edges(x, w) {
    const snap = (value) => Math.round(value * this.scale) / this.scale;
    const start = snap(Math.max(x, 0)), end = snap(Math.min(x + w, this.width));
    const gap = w > 4 ? 1 : w > 2 ? 0.5 : 0;
    return [start, Math.max(end - start - gap, 1 / this.scale)];
  }

  paintFrame(node, x, y, w) {
    const { context, colors, model } = this;
    const [start, width] = this.edges(x, w);
    const isMatch = this.matches !== null && node > 0 && this.matches[model.functionOf(node)];
    const isAncestor = model.depth[node] < model.depth[this.zoomed];
    const isDimmed = (this.matches !== null && !isMatch) || isAncestor;
    context.globalAlpha = isDimmed ? 0.45 : 1;
    context.fillStyle = isMatch && !this.matches.isModule ? colors.match : colors.ofNode(node);
    if (width > 6) {
      context.beginPath();
      context.roundRect(start, y, width, rowHeight - 1, 2);
      context.fill();
    } else context.fillRect(start, y, width, rowHeight - 1);
    context.globalAlpha = isDimmed ? 0.75 : 1;
    let indent = 5;
    if (node > 0 && model.isInlined(node) && width > 5) {
      context.fillStyle = colors.text;
      context.globalAlpha *= 0.5;
      context.fillRect(start + 2, y + 3, 2, rowHeight - 7);
      context.globalAlpha *= 2;
      indent = 8;
    }
    if (width > 22) this.paintName(node, start + indent, y, width - indent - 3);
  }

  paintName(node, x, y, room) {
    const { context, model, colors } = this;
    const isInlined = node > 0 && model.isInlined(node);
    context.font = (isInlined ? "italic " : "") + "12px system-ui, 'Segoe UI', Roboto, 'Noto Sans', sans-serif";
    context.fillStyle = colors.text;
    const text = this.fitted(model.nameOf(node), room, isInlined);
    if (text) context.fillText(text, x, y + rowHeight / 2 - 0.5);
  }

  /// The name, or its short form, or as much of that as there is room for.
  fitted(name, room, isInlined) {
    if (this.textWidth(name, isInlined) <= room) return name;
    const short = shortened(name), width = this.textWidth(short, isInlined);
    if (width <= room) return short;
    for (let length = Math.floor(short.length * room / width) + 2; length > 1; length--) {
      const text = short.slice(0, length).replace(/[<… ]+$/, "") + "…";
      if (this.context.measureText(text).width <= room) return text;
    }
    return "";
  }

  textWidth(text, isInlined) {
    const key = isInlined ? "/" + text : text;
    let width = this.widths.get(key);
    if (width === undefined) {
      // Nothing longer fits on a screen, and measuring it would take long.
      const part = text.slice(0, 400);
      width = this.context.measureText(part).width * text.length / Math.max(part.length, 1);
      this.widths.set(key, width);
    }
    return width;
  }

  paintOutline(node, color, width) {
    if (node < 0) return;
    const { model, range, context } = this;
    const factor = this.width / range.width;
    const [start, w] = this.edges((model.left[node] - range.start) * factor, model.total[node] * factor);
    if (start > this.width || start + w < 0) return;
    context.globalAlpha = 1;
    context.strokeStyle = color;
    context.lineWidth = width;
    const inset = width / 2;
    const y = this.top(model.depth[node]);
    context.strokeRect(start + inset, y + inset, Math.max(w - width, 1), rowHeight - 1 - width);
  }

  /// The frame at a point of the canvas, -1 for none.
  nodeAt(x, y) {
    const { model, range } = this;
    const offset = y + this.scroller.scrollTop;
    const depth = this.isIcicle
      ? Math.floor((offset - 4) / rowHeight) : Math.floor((this.contentHeight - 4 - offset) / rowHeight);
    const value = range.start + x / this.width * range.width;
    const narrow = narrowest * range.width / this.width;
    let node = 0;
    while (model.depth[node] < depth) {
      let child = node + 1;
      while (child < model.end[node] && value >= model.left[child] + model.total[child]) child = model.end[child];
      if (child >= model.end[node] || value < model.left[child] || model.total[child] < narrow) return -1;
      node = child;
    }
    return depth >= 0 && model.total[0] > 0 ? node : -1;
  }

  /// Moves the view to a frame; the way there takes an instant unless motion is unwanted.
  zoom(node, isAnimated = true) {
    const { model } = this;
    this.zoomed = node;
    const goal = { start: model.left[node], width: Math.max(model.total[node], 1e-9) };
    const from = this.range, begin = performance.now();
    const isStill = !isAnimated || matchMedia("(prefers-reduced-motion: reduce)").matches;
    const token = this.animation = {};
    const finish = () => {
      this.range = goal;
      this.measure();
      this.reveal(node);
      this.draw();
    };
    if (isStill) { finish(); return; }
    const step = (now) => {
      if (this.animation !== token) return;
      const t = Math.min((now - begin) / 160, 1), eased = 1 - (1 - t) ** 3;
      if (t >= 1) { finish(); return; }
      this.range = {
        start: from.start + (goal.start - from.start) * eased,
        width: from.width + (goal.width - from.width) * eased,
      };
      this.paint();
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }

  /// Scrolls a frame's row into view.
  reveal(node) {
    const y = this.top(this.model.depth[node]), margin = 2 * rowHeight;
    if (y < margin) this.scroller.scrollTop += y - margin;
    else if (y > this.height - margin - rowHeight) {
      this.scroller.scrollTop += y - (this.height - margin - rowHeight);
    }
  }

  isInRange(node) {
    const { left, total } = this.model, { start, width } = this.range;
    return left[node] >= start - 1e-6 && left[node] + total[node] <= start + width * (1 + 1e-9) + 1e-6;
  }
}
