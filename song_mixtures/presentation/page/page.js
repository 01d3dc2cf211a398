// DVC writes one flat list of <div>, a chart's with a script that calls vegaEmbed at once. Here
// that call only remembers the chart. When the page is there, every plot moves to the figure that
// names it in `data-plot`, plots that no figure names go to the end, and then charts are drawn.
(() => {
  const embed = window.vegaEmbed;
  const specs = new Map(); // id of DVC's <div> → Vega-Lite
  window.vegaEmbed = (selector, spec) => specs.set(selector.slice(1), spec);

  const ABREAST_WIDTH = 240; // least of a chart's panels while they stand side by side, pixels
  const LEAST_WIDTH = 220; // of a panel in a narrow window; if that is too wide its card scrolls
  const TALLEST = 1.3; // height of a panel that was made narrower, as a share of its width
  const LEAST_STEP = 0.7; // of a heatmap's cells, as a share of what the template says
  const charts = [];

  // As DVC makes an id out of a plot's name.
  const idOf = (name) => name.replace(/[!@#$%^&*()[\]{};,<>?\\/:.|`~=_+ ]/g, "_");
  const element = (tag, attributes = {}, ...children) => {
    const made = Object.assign(document.createElement(tag), attributes);
    made.append(...children);
    return made;
  };
  const paragraph = (className, textContent) => element("p", { className, textContent });
  const isRevision = (encoding) => encoding?.field === "rev";

  const revisionsOf = (divs) => {
    const records = [...specs.values()].flatMap((spec) => spec.data?.values ?? []);
    const names = [...divs].flatMap((div) => [...div.querySelectorAll(":scope > div > p")]);
    return [...new Set([...records.map((r) => r.rev), ...names.map((p) => p.textContent)])];
  };

  // The title goes into the heading; a page of one revision need not name it at every chart.
  const adapted = (spec, revisions, description) => {
    const copy = { ...structuredClone(spec), description };
    delete copy.title;
    if (copy.columns) {
      const panels = new Set(copy.data.values.map((record) => record[copy.facet.field])).size;
      copy.columns = Math.min(copy.columns, panels);
    }
    if (revisions.length > 1) return copy;
    if (isRevision(copy.facet)) copy.facet.header = { labelExpr: "''" };
    const visit = (node) => {
      if (isRevision(node?.encoding?.color)) node.encoding.color.legend = null;
      node?.layer?.forEach(visit);
    };
    visit(copy);
    visit(copy.spec);
    return copy;
  };

  // One player for all charts: a click on a song that is a file loads and plays it.
  const audio = element("audio", { controls: true, preload: "none" });
  const heard = paragraph("heard", "");
  const player = element("aside", { hidden: true, ariaLabel: "Player" }, heard, audio);
  const play = (_, item) => {
    const song = item?.datum;
    if (!song?.audio) return;
    player.hidden = false;
    heard.textContent = song.song;
    audio.src = song.audio;
    audio.play().catch(({ name }) => {
      if (name === "AbortError") return; // another song was clicked meanwhile
      heard.textContent = `${song.song}: not played. Either browsers do not play this kind of ` +
        `file, or it is not there: ${decodeURI(song.audio)}`;
    });
  };

  const drawOnce = async (chart, spec) => {
    chart.view?.finalize();
    chart.inputs.replaceChildren();
    const narrow = chart.card.clientWidth < 600;
    const { view } = await embed(chart.box, spec, {
      renderer: "svg",
      bind: chart.inputs,
      actions: { export: true, source: false, compiled: false, editor: false },
      config: {
        font: getComputedStyle(document.body).fontFamily,
        axis: { labelFontSize: 11, titleFontSize: 12 },
        axisX: { labelFlush: false },
        legend: {
          orient: "bottom",
          layout: { bottom: { anchor: "start", direction: narrow ? "vertical" : "horizontal" } },
          titleLimit: 400, labelLimit: 250, labelFontSize: 11,
        },
      },
    });
    chart.view = view;
    view.addEventListener("click", play);
    return chart.box.querySelector("svg").getBoundingClientRect().width;
  };

  // Too wide: narrower panels, or fewer of them abreast. What is too wide even so scrolls.
  const draw = async (chart) => {
    const spec = structuredClone(chart.spec);
    const room = chart.card.clientWidth - 24 - 32; // less its padding and the chart's menu
    chart.width = chart.card.clientWidth;
    try {
      const panel = spec.spec ?? spec;
      let width = await drawOnce(chart, spec);
      const abreast = () => panel.width - (width - room) / spec.columns >= ABREAST_WIDTH;
      if (spec.columns > 1 && width > room && !abreast()) {
        spec.columns = Math.max(1, Math.floor((room * spec.columns) / width));
        width = await drawOnce(chart, spec);
      }
      if (width > room && panel.width?.step) {
        panel.width.step *= Math.max(LEAST_STEP, room / width);
        await drawOnce(chart, spec);
      } else if (width > room && panel.width > LEAST_WIDTH) {
        const excess = (width - room) / (spec.columns ?? 1);
        panel.width = Math.max(LEAST_WIDTH, Math.floor(panel.width - excess));
        if (panel.height > TALLEST * panel.width) panel.height = TALLEST * panel.width;
        await drawOnce(chart, spec);
      }
    } catch (error) {
      console.error(`${chart.name}: ${error.message}`);
      fail(chart.box, `This chart could not be drawn: ${error.message}`);
    }
  };

  const fail = (box, sentence) => box.replaceChildren(paragraph("failed", sentence));

  const placeChart = (name, div, spec, caption, revisions) => {
    const inputs = element("div", { className: "inputs" });
    const box = element("div", { className: "chart" });
    const card = element("div", { className: "card" }, inputs, box);
    const chart = { name, card, inputs, box };
    if (spec.data) charts.push({ ...chart, spec: adapted(spec, revisions, caption) });
    else fail(box, "DVC could not read the data of this plot; the command for the page says why.");
    div.replaceChildren(card);
  };

  // DVC's <div> of a picture holds one <div> per revision: its name and the <img>.
  const placePicture = (div, title, revisions) => {
    const cards = [...div.querySelectorAll("img")].map((image) => {
      const revision = image.parentElement.querySelector("p")?.textContent ?? "";
      const label = revisions.length > 1 ? [paragraph("revision", revision)] : [];
      image.alt = `${title} (${revision})`;
      const link = element("a", { href: image.src }, image);
      return element("div", { className: "card" }, ...label, link);
    });
    div.removeAttribute("style");
    div.replaceChildren(element("div", { className: "cards" }, ...cards));
  };

  const fillFigure = (figure, div, revisions) => {
    const name = figure.dataset.plot;
    const caption = figure.querySelector("figcaption");
    const spec = specs.get(div.id);
    const title = figure.dataset.title ?? spec?.title?.text ?? name;
    const words = caption?.textContent.replace(/\s+/g, " ").trim() ?? name;
    if (spec) placeChart(name, div, spec, words, revisions);
    else placePicture(div, title, revisions);
    figure.prepend(element("h3", { textContent: title }), div);
  };

  const arrange = () => {
    const listed = [...document.querySelectorAll("#plots > div[id]")];
    const divs = new Map(listed.map((div) => [div.id, div]));
    const revisions = revisionsOf(divs.values());
    document.getElementById("revisions").textContent = revisions.join(", ");
    for (const figure of document.querySelectorAll("figure[data-plot]")) {
      const div = divs.get(idOf(figure.dataset.plot));
      if (div) fillFigure(figure, div, revisions);
      else figure.remove();
      divs.delete(div?.id);
    }
    const others = document.getElementById("others");
    for (const [id, div] of divs) {
      const figure = element("figure");
      figure.dataset.plot = div.querySelector(":scope > p")?.textContent ?? id;
      others.append(figure);
      fillFigure(figure, div, revisions);
    }
    for (const section of document.querySelectorAll("section")) {
      section.hidden = !section.querySelector("figure");
      if (section.hidden) continue;
      const { textContent } = section.querySelector("h2");
      document.querySelector("nav").append(element("a", { href: `#${section.id}`, textContent }));
    }
  };

  const drawAll = async () => {
    for (const chart of charts) if (chart.card.clientWidth !== chart.width) await draw(chart);
    document.documentElement.dataset.drawn = charts.length; // for the tests: all is there
  };

  let waiting;
  document.addEventListener("DOMContentLoaded", () => {
    document.body.append(player);
    arrange();
    drawAll();
    addEventListener("resize", () => {
      clearTimeout(waiting);
      waiting = setTimeout(drawAll, 250);
    });
  });
})();
