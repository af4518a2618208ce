// Keeps the page at the newest snapshot. The server renders; this file only replaces what changed, keeps what the
// reader opened, counts the seconds and says when the line is lost.
(function () {
  "use strict";
  var root = document.documentElement;
  var board = document.getElementById("board");
  var line = document.getElementById("line");
  var base = root.dataset.base;
  var silence = 32000; // three heartbeats and a little
  var source = null, lastHeard = 0, lostAt = 0, wait = 1000, timer = 0, skew = 0;

  // --- the line to the monitor ---
  function say(state, text) {
    if (line.dataset.line !== state) line.dataset.line = state;
    var el = line.lastElementChild;
    if (el.textContent !== text) el.textContent = text;
  }
  function heard() {
    lastHeard = Date.now();
    wait = 1000;
    if (lostAt) { lostAt = 0; root.removeAttribute("data-lost"); }
    say("live", "live");
  }
  function lost() {
    if (!lostAt) lostAt = lastHeard || Date.now();
    root.setAttribute("data-lost", "");
    icon("unknown");
    if (source) { source.close(); source = null; }
    clearTimeout(timer);
    // A little chance keeps many open pages from coming back in one moment.
    timer = setTimeout(connect, wait * (0.75 + Math.random() / 2));
    wait = Math.min(wait * 1.6, 15000);
    tick();
  }
  function connect() {
    clearTimeout(timer);
    if (source) source.close();
    var es = source = new EventSource(base + "/events?format=html");
    lastHeard = lastHeard || Date.now();
    es.addEventListener("snapshot", function (e) { if (es === source) { heard(); show(e.data); } });
    es.addEventListener("heartbeat", function (e) {
      if (es !== source) return;
      heard();
      try { skew = Date.parse(JSON.parse(e.data).now) - Date.now(); } catch (err) { skew = 0; }
      icon();
    });
    // EventSource itself gives up for good on a proxy's 502, so it is always started anew from here.
    es.onerror = function () { if (es === source) lost(); };
  }

  // --- replacing what changed ---
  function show(html) {
    var doc = new DOMParser().parseFromString("<main>" + html + "</main>", "text/html");
    children(board, doc.body.firstElementChild);
    dress();
  }
  function keyed(node) { return node.nodeType === 1 ? node.id : ""; }
  function alike(a, b) {
    return a.nodeType === b.nodeType && a.nodeName === b.nodeName && keyed(a) === keyed(b);
  }
  function children(from, to) {
    var byID = {}, n;
    for (n = from.firstChild; n; n = n.nextSibling) if (keyed(n)) byID[n.id] = n;
    var at = from.firstChild;
    for (n = to.firstChild; n; n = n.nextSibling) {
      var old = keyed(n) ? byID[n.id] : at;
      if (old && alike(old, n) && (keyed(n) || !keyed(old))) {
        if (old === at) at = at.nextSibling; else from.insertBefore(old, at);
        morph(old, n);
      } else {
        from.insertBefore(document.importNode(n, true), at);
      }
    }
    while (at) { var next = at.nextSibling; from.removeChild(at); at = next; }
  }
  function morph(a, b) {
    if (a.nodeType !== 1) { if (a.nodeValue !== b.nodeValue) a.nodeValue = b.nodeValue; return; }
    var i, name;
    for (i = a.attributes.length - 1; i >= 0; i--) {
      name = a.attributes[i].name;
      if (!b.hasAttribute(name) && !(name === "open" && a.dataset.touched) && name !== "data-touched") a.removeAttribute(name);
    }
    for (i = 0; i < b.attributes.length; i++) {
      name = b.attributes[i].name;
      if (name === "open" && a.dataset.touched) continue;
      if (a.getAttribute(name) !== b.getAttribute(name)) a.setAttribute(name, b.getAttribute(name));
    }
    if (a.hasAttribute("data-own")) return;
    children(a, b);
  }

  // --- what the server cannot know: the clock, the reader's zone, what the reader opened ---
  function ago(ms) {
    var s = Math.max(0, Math.floor(ms / 1000));
    if (s < 60) return s + " s";
    if (s < 3600) return Math.floor(s / 60) + " min";
    if (s < 172800) return Math.floor(s / 3600) + " h";
    return Math.floor(s / 86400) + " d";
  }
  function tick() {
    var now = Date.now();
    if (source && lastHeard && now - lastHeard > silence) { lost(); return; }
    if (lostAt) { say("lost", "connection lost " + ago(now - lostAt) + " ago, reconnecting"); return; }
    document.querySelectorAll("time[data-ago]").forEach(function (t) {
      if (t.closest(".stale")) return;
      var text = ago(now + skew - Date.parse(t.dateTime));
      if (t.textContent !== text) t.textContent = text;
    });
  }
  function icon(level) {
    var banner = document.getElementById("banner");
    var want = level || (banner && banner.dataset.level) || "unknown";
    var link = document.querySelector("link[rel=icon]");
    var href = link.getAttribute("href").replace(/icon-\w+\.svg/, "icon-" + want + ".svg");
    if (href !== link.getAttribute("href")) link.setAttribute("href", href);
  }
  function dress() {
    var banner = document.getElementById("banner");
    document.title = banner.dataset.title + " · " + document.querySelector("h1").textContent;
    document.querySelectorAll("time[data-clock]").forEach(function (t) {
      var d = new Date(t.dateTime);
      var text = d.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
      if (Date.now() - d.getTime() > 86400000) text = d.toLocaleDateString() + " " + text;
      t.title = d.toLocaleString();
      t.textContent = text;
    });
    var button = document.getElementById("expand");
    if (button) { button.hidden = !document.querySelector("details.tier"); button.textContent = allOpen() ? "Collapse all" : "Expand all"; }
    if (!lostAt) icon();
    tick();
  }
  function tiers() { return Array.from(document.querySelectorAll("details.tier")); }
  function allOpen() { return tiers().every(function (d) { return d.open; }); }
  function touch(d, open) { d.dataset.touched = "1"; d.open = open; }

  board.addEventListener("click", function (e) {
    if (e.target.id === "expand") {
      var open = !allOpen();
      tiers().forEach(function (d) { touch(d, open); });
      dress();
      return;
    }
    var summary = e.target.closest("summary");
    if (summary && !e.target.closest("a")) {
      summary.parentNode.dataset.touched = "1";
      setTimeout(dress, 0);
      return;
    }
    var a = e.target.closest("a[href^='#t-']");
    if (!a) return;
    var d = document.getElementById(a.getAttribute("href").slice(1));
    if (!d) return;
    e.preventDefault();
    touch(d, true);
    d.scrollIntoView({ block: "nearest", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
    d.firstElementChild.focus({ preventScroll: true });
    d.classList.add("hit");
    setTimeout(function () { d.classList.remove("hit"); }, 1200);
  });

  document.getElementById("theme").addEventListener("click", function () {
    var dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    try { localStorage.setItem("packctl-theme", root.dataset.theme); } catch (e) { /* only for this visit, then */ }
  });
  document.addEventListener("visibilitychange", function () { if (!document.hidden) tick(); });
  window.addEventListener("online", function () { if (lostAt) connect(); });
  window.addEventListener("pagehide", function () { if (source) { source.close(); source = null; } clearTimeout(timer); });
  window.addEventListener("pageshow", function (e) { if (e.persisted) connect(); });

  dress();
  say("wait", "connecting");
  connect();
  setInterval(tick, 1000);
})();
