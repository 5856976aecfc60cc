// Sets the chosen colours before the first paint; not a module, so that it runs at once.
"use strict";
(() => {
  try {
    const chosen = localStorage.getItem("somex-colours");
    if (chosen === "light" || chosen === "dark") document.documentElement.dataset.colours = chosen;
  } catch {
    // without storage, the colours of the system stay
  }
})();
