// What keeps somebody from using the page in front of us, one sentence each; [] when nothing does.
() => {
  const faults = [];
  const say = (holds, sentence) => { if (!holds) faults.push(sentence); };
  const named = (element) => element.labels?.length || element.ariaLabel || element.textContent.trim();

  const colour = (text) => {
    const [red, green, blue, alpha = 1] = text.match(/[\d.]+/g).map(Number);
    return { channels: [red, green, blue], alpha };
  };
  const light = ({ channels }) => {
    const [red, green, blue] = channels.map((channel) => {
      const part = channel / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const found = colour(getComputedStyle(at).backgroundColor);
      if (found.alpha === 1) return found;
    }
    return { channels: [255, 255, 255] };
  };
  const contrast = (element) => {
    const [ink, paper] = [light(colour(getComputedStyle(element).color)), light(ground(element))];
    return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
  };
  const saysSomething = (element) =>
    [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());

  say(document.documentElement.lang, "the page does not say its language");
  say(document.title.trim(), "the page has no title");
  say(document.querySelectorAll("h1").length === 1, "the page has not exactly one h1");
  say(document.querySelector("main"), "the page has no main");
  const width = document.documentElement;
  say(width.scrollWidth <= width.clientWidth, `the page is ${width.scrollWidth} wide in ${width.clientWidth}`);
  for (const field of document.querySelectorAll("input:not([type=hidden]), select, textarea"))
    say(named(field), `${field.outerHTML} has no label`);
  for (const field of document.querySelectorAll("[aria-invalid=true]"))
    say(document.getElementById(field.getAttribute("aria-describedby")), `${field.name}: its fault is not tied to it`);
  for (const element of document.querySelectorAll("button, a, summary"))
    say(named(element), `${element.outerHTML} has no name`);
  for (const frame of document.querySelectorAll("iframe")) say(frame.title, "a frame has no title");
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  say(new Set(ids).size === ids.length, "an id is there twice");
  for (const element of document.querySelectorAll("body *"))
    if (saysSomething(element) && element.checkVisibility() && contrast(element) < 4.5)
      faults.push(`“${element.textContent.trim().slice(0, 40)}” has a contrast of ${contrast(element).toFixed(2)}`);
  return faults;
}
