import { useRef, useState } from "react";
import { useCamera, useConnection, useOcr, useTask, useTasks } from "taskbeam-client/react";

export function App() {
  const [chosen, choose] = useState<number | null>(null);
  return (
    <>
      <h1>Tasks</h1>
      <Connection />
      <Tasks choose={choose} />
      {chosen !== null && <Task id={chosen} />}
      <Reader />
      <Camera />
    </>
  );
}

function Connection() {
  const { state, error } = useConnection();
  return <p role="status">{state} {error?.message} {error?.remedy}</p>;
}

function Tasks({ choose }: { choose: (id: number) => void }) {
  const { tasks, liveness } = useTasks();
  return (
    <ul aria-label={`Active tasks, ${liveness}`}>
      {tasks.map((task) => (
        <li key={task.id}>
          <button onClick={() => choose(task.id)}>{task.task_name}</button> {task.status} {task.progress_percentage} %
        </li>
      ))}
    </ul>
  );
}

function Task({ id }: { id: number }) {
  const { task, liveness, since, cancel } = useTask(id);
  if (!task) return null;
  return (
    <section aria-label="Task">
      <h2>{task.task_name}</h2>
      <progress value={task.progress_percentage} max={100} />
      <p>{task.status}, {task.progress_percentage} %, {task.message}</p>
      {liveness !== "live" && <p>{liveness} since {new Date(since).toLocaleTimeString()}</p>}
      <button onClick={cancel}>Cancel</button>
    </section>
  );
}

function Reader() {
  const { recognize, step, result, error } = useOcr();
  return (
    <>
      <label>Read a picture <input type="file" accept="image/*" onChange={({ target }) => recognize(target.files![0]!)} /></label>
      {step && <p>{step.progress} % {step.message}</p>}
      {result && <pre>{result.text}</pre>}
      {error && <p role="alert">{error.message} {error.remedy}</p>}
    </>
  );
}

function Camera() {
  const [camera, setCamera] = useState<number | null>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const { state, fps } = useCamera(camera, canvas, { width: 320 });
  return (
    <>
      <h2>Camera</h2>
      <button onClick={() => setCamera(camera ? null : 1)}>{camera ? "Stop" : "Watch"}</button>
      <p>{state}, {fps} frames a second</p>
      <canvas ref={canvas} role="img" aria-label="Camera 1" />
    </>
  );
}
