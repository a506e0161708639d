// The page around the drawing: header, search, tooltips, keys. Texts of the profile reach the
// document as text nodes only.

(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const element = (id) => document.getElementById(id);
  const model = new Model(data);
  const view = new GraphView(model, element("canvas"), element("graph"), element("spacer"));
  const canvas = element("canvas"), search = element("search");
  let legendModule = -1, sortsBySelf = true;

  function make(name, properties = {}, ...children) {
    const made = document.createElement(name);
    Object.assign(made, properties);
    made.append(...children);
    return made;
  }

  function remember(key, value) {
    // A page from a file may have no storage.
    try {
      if (value === undefined) return localStorage.getItem("flamegraph." + key);
      localStorage.setItem("flamegraph." + key, value);
    } catch { /* not kept */ }
    return null;
  }

  // Header

  function showFacts() {
    const facts = element("facts"), event = data.events[model.event];
    const fact = (value, rest, properties) => {
      const item = make("li", properties, make("b", { textContent: value }));
      if (rest) item.append(" " + rest);
      facts.append(item);
    };
    facts.replaceChildren();
    element("program").textContent = data.program || "profile";
    element("program").title = data.command || data.program;
    const seen = eventTotals();
    fact(formatCount(seen.count), seen.count === 1 ? "sample" : "samples");
    if (event) {
      const rate = event.isFrequency ? `at ${event.rate} Hz` : `every ${formatCount(event.rate)}`;
      if (seen.weight > 0) fact(formatQuantity(seen.weight, event.unit), event.unit === "nanoseconds" ? "of CPU time" : event.unit);
      fact(event.name, rate);
    }
    if (data.duration > 0) fact(formatDuration(data.duration), "recorded");
    if (data.pid !== undefined) fact("pid " + data.pid, data.host ? "on " + data.host : "");
    fact(formatCount(data.threadCount), data.threadCount === 1 ? "thread" : "threads");
    showLosses(fact, seen.count);
    if (data.startMilliseconds) fact("", new Date(data.startMilliseconds).toLocaleString(), { className: "date" });
  }

  function showLosses(fact, count) {
    const lost = data.losses.reduce((sum, loss) => sum + loss.count, 0);
    const title = data.losses.map((loss) => `${loss.cause}: ${formatCount(loss.count)}`).join("\n");
    const isBad = lost / (lost + count) > 0.01;
    if (lost > 0) {
      fact(formatCount(lost), `lost (${formatShare(lost, lost + count)})`, { title, className: isBad ? "warn" : "" });
    } else fact("0", "lost");
    if (data.throttled > 0) fact(formatCount(data.throttled), `times throttled, ${formatDuration(data.throttledNanoseconds)}`, { className: "warn" });
    if (data.gap > 0) fact(formatDuration(data.gap), "not recorded", { className: "warn" });
  }

  function eventTotals() {
    const { values } = model;
    let count = 0, weight = 0;
    for (let i = 0; i < values.length; i += 5) {
      if (values[i + 2] === model.event) { count += values[i + 3]; weight += values[i + 4]; }
    }
    return { count, weight };
  }

  // Choices

  function fillChoices() {
    const threads = new Float64Array(data.threads.length);
    let all = 0;
    for (let i = 0; i < model.values.length; i += 5) {
      if (model.values[i + 2] !== model.event) continue;
      threads[model.values[i + 1]] += model.values[i + 3];
      all += model.values[i + 3];
    }
    const option = (value, textContent) => make("option", { value, textContent });
    const sorted = [...threads.keys()].sort((a, b) => threads[b] - threads[a]);
    element("thread").replaceChildren(option(-1, `all (${data.threadCount})`),
      ...sorted.map((thread) => option(thread, `${data.threads[thread]}  ${formatShare(threads[thread], all)}`)));
    element("thread").value = model.thread;
    element("threadLabel").hidden = data.threads.length < 2;
    element("event").replaceChildren(...data.events.map((event, index) => option(index, event.name)));
    element("event").value = model.event;
    element("eventLabel").hidden = data.events.length < 2;
    const weight = model.unit === "nanoseconds" ? "time" : model.unit;
    element("measure").replaceChildren(option("weight", weight), option("count", "samples"));
    element("measure").value = model.byWeight ? "weight" : "count";
    element("measureLabel").hidden = !model.hasWeight;
  }

  function changeSelection(event, thread) {
    const isNewEvent = event !== model.event;
    model.select(event, thread);
    if (isNewEvent) { fillChoices(); showFacts(); }
    resetView();
  }

  function resetView() {
    if (view.focused >= 0 && model.total[view.focused] === 0) view.focused = -1;
    view.hovered = -1;
    zoom(model.total[view.zoomed] > 0 ? view.zoomed : 0, false);
    showLegend();
    showPanel();
    updateSearch();
  }

  function showLegend() {
    const own = new Float64Array(data.modules.length);
    for (let node = 1; node < model.size; node++) own[model.moduleOf(node)] += model.self[node];
    const shown = [...own.keys()].filter((module) => own[module] > 0).sort((a, b) => own[b] - own[a]).slice(0, 12);
    element("legend").replaceChildren(...shown.map((module) => {
      const swatch = make("span", { className: "swatch" });
      swatch.style.background = view.colors.ofModule(module, 4);
      const button = make("button", { type: "button", title: data.modules[module].path }, swatch,
        make("span", { className: "name", textContent: data.modules[module].name }),
        make("span", { textContent: formatShare(own[module], model.total[0]) }));
      button.setAttribute("aria-pressed", String(module === legendModule));
      button.addEventListener("click", () => {
        legendModule = module === legendModule ? -1 : module;
        if (legendModule >= 0) search.value = "";
        showLegend();
        updateSearch();
      });
      return make("li", {}, button);
    }));
  }

  // Search

  function updateSearch() {
    const text = search.value, output = element("matched");
    let matches = null;
    output.replaceChildren();
    search.setAttribute("aria-invalid", "false");
    if (text) {
      try {
        const pattern = new RegExp(text, /[A-Z]/.test(text) ? "u" : "iu");
        matches = Uint8Array.from(data.functions, (name) => pattern.test(name) ? 1 : 0);
      } catch {
        search.setAttribute("aria-invalid", "true");
        output.textContent = "not a regular expression";
      }
    } else if (legendModule >= 0) {
      matches = Uint8Array.from(data.functionModules, (module) => module === legendModule ? 1 : 0);
      matches.isModule = true;
    }
    view.matches = matches;
    if (matches) {
      const functions = matches.reduce((sum, bit) => sum + bit, 0);
      output.append(make("b", { textContent: formatShare(model.shareOf(matches), model.total[0]) }),
        ` in ${formatCount(functions)} ${functions === 1 ? "function" : "functions"}`);
    }
    view.draw();
  }

  function searchFor(text) {
    search.value = text;
    if (text && legendModule >= 0) { legendModule = -1; showLegend(); }
    updateSearch();
  }

  function nextMatch(direction) {
    if (!view.matches) return;
    const last = model.size - 1;
    let node = view.focused < 0 ? (direction > 0 ? 0 : last + 1) : view.focused;
    for (let tries = 0; tries < last; tries++) {
      node += direction;
      if (node > last) node = 1;
      if (node < 1) node = last;
      if (view.matches[model.functionOf(node)] && model.total[node] > 0) { focus(node); return; }
    }
  }

  // Zoom and focus

  function zoom(node, isAnimated = true) {
    view.zoom(node, isAnimated);
    const path = element("path");
    const crumb = (target) => {
      const button = make("button", { type: "button", textContent: shortened(model.nameOf(target)), title: model.nameOf(target) });
      button.addEventListener("click", () => { zoom(target); canvas.focus({ preventScroll: true }); });
      return button;
    };
    if (node === 0) {
      path.replaceChildren(make("span", { className: "here", textContent: "all" }));
      return;
    }
    const ancestors = model.path(model.parent[node]), shown = ancestors.slice(-3);
    path.replaceChildren(crumb(0));
    if (ancestors.length > shown.length) path.append(" › …");
    for (const ancestor of shown) path.append(" › ", crumb(ancestor));
    path.append(" › ", make("span", { className: "here", textContent: shortened(model.nameOf(node)), title: model.nameOf(node) }));
  }

  function focus(node) {
    if (node < 0) return;
    if (!view.isInRange(node)) zoom(commonAncestor(node, view.zoomed));
    view.focused = node;
    view.reveal(node);
    view.draw();
    describe(node);
  }

  function commonAncestor(a, b) {
    while (b > 0 && !(a >= b && a < model.end[b])) b = model.parent[b];
    return b;
  }

  function describe(node) {
    const status = element("status");
    if (node < 0) {
      status.replaceChildren("Click a frame to zoom in. ", make("kbd", { textContent: "/" }), " searches, ",
        make("kbd", { textContent: "?" }), " shows all keys.");
      return;
    }
    const { total, self } = model, unit = model.byWeight && model.hasWeight ? model.unit : "count";
    const suffix = unit === "count" ? " samples" : "";
    const module = node > 0 ? data.modules[model.moduleOf(node)].name : "";
    status.replaceChildren(make("b", { textContent: model.nameOf(node) }),
      (module && module !== model.nameOf(node) ? ` in ${module}` : "") + (node > 0 && model.isInlined(node) ? ", inlined" : "")
      + `: ${formatQuantity(total[node], unit)}${suffix}, ${formatShare(total[node], total[0])} of all`
      + (node > 0 ? `, ${formatShare(total[node], total[model.parent[node]])} of its caller` : "")
      + `, self ${formatQuantity(self[node], unit)}`);
  }

  // Tooltip

  function showTooltip(node, x, y) {
    const tooltip = element("tooltip");
    if (node < 0) { tooltip.hidden = true; return; }
    const row = (label, weight, count) => {
      const cells = [make("th", { scope: "row", textContent: label })];
      if (model.hasWeight) cells.push(make("td", { textContent: formatQuantity(weight[node], model.unit) }));
      cells.push(make("td", { textContent: formatCount(count[node]) }),
        make("td", { textContent: formatShare((model.hasWeight && model.byWeight ? weight : count)[node], model.total[0]) }));
      const parent = model.parent[node];
      if (node > 0) cells.push(make("td", { textContent: formatShare((model.hasWeight && model.byWeight ? weight : count)[node], model.total[parent]) }));
      return make("tr", {}, ...cells);
    };
    const heads = ["", ...(model.hasWeight ? [model.unit === "nanoseconds" ? "time" : model.unit] : []), "samples", "of all"];
    if (node > 0) heads.push("of caller");
    const where = node > 0 ? [data.modules[model.moduleOf(node)].path, model.fileOf(node), model.isInlined(node) ? "inlined" : ""].filter((part) => part && part !== model.nameOf(node)).join(" · ") : data.command;
    tooltip.replaceChildren(
      make("div", { className: "name", textContent: model.nameOf(node) }),
      make("div", { className: "where", textContent: where }),
      make("table", {}, make("thead", {}, make("tr", {}, ...heads.map((textContent) => make("th", { scope: "col", textContent })))),
        make("tbody", {}, row("total", model.weight, model.count), row("self", model.selfWeight, model.selfCount))));
    tooltip.hidden = false;
    const box = tooltip.getBoundingClientRect();
    const left = x + 14 + box.width > innerWidth - 8 ? x - 14 - box.width : x + 14;
    const top = y + 18 + box.height > innerHeight - 8 ? y - 12 - box.height : y + 18;
    tooltip.style.transform = `translate(${Math.max(left, 8)}px, ${Math.max(top, 8)}px)`;
  }

  // Hottest functions

  function showPanel() {
    if (element("panel").hidden) return;
    const { own, whole } = model.functionTotals();
    const key = sortsBySelf ? own : whole;
    const shown = [...key.keys()].filter((index) => whole[index] > 0).sort((a, b) => key[b] - key[a]).slice(0, 200);
    element("sortSelf").setAttribute("aria-pressed", String(sortsBySelf));
    element("sortTotal").setAttribute("aria-pressed", String(!sortsBySelf));
    element("functions").replaceChildren(...shown.map((index) => {
      const name = data.functions[index];
      const button = make("button", { type: "button", textContent: name, title: name });
      button.addEventListener("click", () => searchFor("^" + name.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&") + "$"));
      return make("tr", {}, make("td", { textContent: formatShare(own[index], model.total[0]) }),
        make("td", { textContent: formatShare(whole[index], model.total[0]) }),
        make("td", {}, button, make("div", { className: "module", textContent: data.modules[data.functionModules[index]].name })));
    }));
  }

  function togglePanel() {
    const panel = element("panel");
    panel.hidden = !panel.hidden;
    element("panelButton").setAttribute("aria-pressed", String(!panel.hidden));
    showPanel();
  }

  // Look

  function setTheme(theme) {
    document.documentElement.dataset.theme = theme;
    element("themeButton").textContent = theme === "dark" ? "Light" : "Dark";
    view.colors.setTheme(theme === "dark");
    showLegend();
    view.draw();
  }

  function toggleTheme() {
    const theme = view.colors.isDark ? "light" : "dark";
    remember("theme", theme);
    setTheme(theme);
  }

  function setLayout(isIcicle) {
    view.isIcicle = isIcicle;
    element("layoutButton").textContent = isIcicle ? "Flame" : "Icicle";
    view.measure();
    view.scroller.scrollTop = isIcicle ? 0 : view.contentHeight;
    view.draw();
  }

  function toggleLayout() {
    remember("layout", view.isIcicle ? "flame" : "icicle");
    setLayout(!view.isIcicle);
  }

  // Events

  canvas.addEventListener("mousemove", (event) => {
    const node = view.nodeAt(event.offsetX, event.offsetY);
    canvas.style.cursor = node >= 0 ? "pointer" : "default";
    if (node !== view.hovered) { view.hovered = node; view.draw(); }
    showTooltip(node, event.clientX, event.clientY);
  });
  canvas.addEventListener("mouseleave", () => { view.hovered = -1; showTooltip(-1); view.draw(); });
  canvas.addEventListener("click", (event) => {
    const node = view.nodeAt(event.offsetX, event.offsetY);
    if (node < 0) return;
    view.focused = -1;
    describe(node);
    showTooltip(-1);
    zoom(node === view.zoomed && node > 0 ? model.parent[node] : node);
  });
  view.scroller.addEventListener("scroll", () => showTooltip(-1));
  canvas.addEventListener("blur", () => { view.focused = -1; describe(-1); view.draw(); });
  search.addEventListener("input", () => searchFor(search.value));
  element("thread").addEventListener("change", (event) => changeSelection(model.event, Number(event.target.value)));
  element("event").addEventListener("change", (event) => changeSelection(Number(event.target.value), model.thread));
  element("measure").addEventListener("change", (event) => {
    model.byWeight = event.target.value === "weight";
    model.layOut();
    resetView();
  });
  element("panelButton").addEventListener("click", togglePanel);
  element("layoutButton").addEventListener("click", toggleLayout);
  element("themeButton").addEventListener("click", toggleTheme);
  element("helpButton").addEventListener("click", () => element("help").showModal());
  element("sortSelf").addEventListener("click", () => { sortsBySelf = true; showPanel(); });
  element("sortTotal").addEventListener("click", () => { sortsBySelf = false; showPanel(); });

  const moves = {
    ArrowLeft: () => model.sibling(view.focused, -1),
    ArrowRight: () => model.sibling(view.focused, 1),
    ArrowUp: () => view.isIcicle ? model.parent[view.focused] : model.firstChild(view.focused),
    ArrowDown: () => view.isIcicle ? model.firstChild(view.focused) : model.parent[view.focused],
    Home: () => 0,
  };

  const keys = {
    "/": () => { search.focus(); search.select(); },
    "?": () => element("help").showModal(),
    i: toggleLayout, t: togglePanel, d: toggleTheme,
    n: () => nextMatch(1), N: () => nextMatch(-1),
    Backspace: () => { if (view.zoomed > 0) zoom(model.parent[view.zoomed]); },
    Escape: () => {
      if (search.value || legendModule >= 0) { legendModule = -1; showLegend(); searchFor(""); } else zoom(0);
    },
  };

  function act(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || element("help").open) return false;
    if (event.target === search) {
      if (event.key === "Escape") { searchFor(""); canvas.focus(); return true; }
      if (event.key === "Enter") { canvas.focus(); nextMatch(1); return true; }
      return false;
    }
    const isControl = ["SELECT", "BUTTON"].includes(event.target.tagName);
    if (moves[event.key] && !isControl) {
      canvas.focus({ preventScroll: true });
      focus(view.focused < 0 ? view.zoomed : moves[event.key]());
      return true;
    }
    if (event.key === "Enter" && !isControl && view.focused >= 0) { zoom(view.focused); return true; }
    if (!keys[event.key] || (event.target.tagName === "SELECT" && event.key.length === 1)) return false;
    keys[event.key]();
    return true;
  }

  document.addEventListener("keydown", (event) => { if (act(event)) event.preventDefault(); });

  // Start

  for (const note of data.notes) element("notes").append(make("li", { textContent: note }));
  element("notes").hidden = data.notes.length === 0;
  const isEmpty = model.values.length === 0;
  element("empty").hidden = !isEmpty;
  element("empty").textContent = data.explanation || "";
  canvas.hidden = isEmpty;
  element("legend").hidden = isEmpty;
  showFacts();
  fillChoices();
  describe(-1);
  const prefersDark = matchMedia("(prefers-color-scheme: dark)");
  setTheme(remember("theme") || (prefersDark.matches ? "dark" : "light"));
  prefersDark.addEventListener("change", (event) => {
    if (!remember("theme")) setTheme(event.matches ? "dark" : "light");
  });
  new ResizeObserver(() => { view.setSize(); }).observe(view.scroller);
  view.setSize();
  zoom(0, false);
  setLayout(remember("layout") !== "flame");
})();
