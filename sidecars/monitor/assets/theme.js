// Runs before the first paint, so that a chosen theme does not flash.
(function () {
  try {
    var t = localStorage.getItem("packctl-theme");
    if (t === "light" || t === "dark") document.documentElement.dataset.theme = t;
  } catch (e) { /* storage may be denied: the system's theme is used */ }
})();
