// The page as it would be if everything in it took clicks: what lets them through is asked for by no click, and so would
// be found by none.

// In a layer, and first of all, an important rule wins over the page's own important rules.
const FORCED =
  "@layer { *, ::before, ::after, ::backdrop { pointer-events: auto !important; transition: none !important; } }";

/** Look at the page so; it is as it was before anybody else sees it. */
export function unmasked<Found>(look: () => Found): Found {
  const style = document.createElement("style");
  style.textContent = FORCED;
  document.documentElement.prepend(style);
  try {
    return look();
  } finally {
    style.remove();
  }
}
