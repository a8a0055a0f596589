// Light or dark before anything is drawn: what the page around asks for, else what the person's system wishes.

{
  const asked = new URLSearchParams(location.search).get("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const draw = () => document.body.classList.toggle("dark", asked === "dark" || (asked !== "light" && system.matches));
  system.addEventListener("change", draw);
  draw();
}
