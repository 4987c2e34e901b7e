// Draws the charts of a report with uPlot. Their cursors move together; dragging zooms, a double click zooms out.
const data = JSON.parse(document.getElementById('data').textContent);
const style = getComputedStyle(document.documentElement);
const colour = (name) => style.getPropertyValue(name).trim();
const palette = ['--one', '--two', '--three', '--four'].map(colour);

const clock = (seconds) => {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(Math.abs(whole % 60)).padStart(2, '0')}`;
};

const number = (value) => {
  if (value === null || value === undefined) return '–';
  return value.toLocaleString('en', { maximumFractionDigits: value < 10 ? 2 : value < 100 ? 1 : 0 });
};

// Where one stage ends and the next begins.
const stages = {
  hooks: {
    drawClear: (plot) => {
      const { ctx, bbox } = plot;
      ctx.save();
      ctx.strokeStyle = colour('--stage');
      ctx.setLineDash([4, 4]);
      for (const end of data.ends) {
        const x = Math.round(plot.valToPos(end, 'x', true)) + 0.5;
        if (x < bbox.left || x > bbox.left + bbox.width) continue;
        ctx.beginPath();
        ctx.moveTo(x, bbox.top);
        ctx.lineTo(x, bbox.top + bbox.height);
        ctx.stroke();
      }
      ctx.restore();
    },
  },
};

// Steps of the time axis that people count in.
const seconds = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200];

function draw(place, chart) {
  const axis = { stroke: colour('--faint'), grid: { stroke: colour('--grid'), width: 1 }, ticks: { show: false } };
  const values = (_, ticks) => ticks.map(number);
  const right = chart.lines.some((line) => line.right);
  const plot = new uPlot(
    {
      width: place.clientWidth,
      height: 200,
      plugins: [stages],
      cursor: { sync: { key: 'loadtest' }, points: { size: 6 } },
      scales: {
        x: { time: false, range: (_, low, high) => [low ?? 0, high ?? 1] },
        y: { range: (_, low, high) => [0, Math.max(high * 1.08, chart.unit === '%' ? 1 : 0.001)] },
        right: { range: (_, low, high) => [0, Math.max(high * 1.08, 1)] },
      },
      axes: [
        { ...axis, values: (_, ticks) => ticks.map(clock), size: 28, incrs: seconds },
        { ...axis, values, size: 56 },
        ...(right ? [{ ...axis, values, size: 44, side: 1, scale: 'right', grid: { show: false } }] : []),
      ],
      series: [
        { label: 'time', value: (_, at) => (at === null ? '–' : clock(at)) },
        ...chart.lines.map((line, index) => ({
          label: line.label,
          scale: line.right ? 'right' : 'y',
          stroke: palette[index],
          width: line.right ? 1 : 1.5,
          dash: line.right ? [5, 4] : undefined,
          fill: chart.lines.length === 1 ? `${palette[index]}22` : undefined,
          paths: line.step ? uPlot.paths.stepped({ align: 1 }) : undefined,
          points: { show: chart.moments.length < 2 },
          spanGaps: true,
          value: (_, value) => number(value),
        })),
      ],
    },
    [chart.moments, ...chart.lines.map((line) => line.values)],
    place,
  );
  plot.setScale('x', { min: data.from, max: data.to });
  new ResizeObserver(() => plot.setSize({ width: place.clientWidth, height: 200 })).observe(place);
}

document.querySelectorAll('[data-chart]').forEach((place) => draw(place, data.charts[Number(place.dataset.chart)]));
