import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { connect } from "taskbeam-client";
import { TaskbeamProvider } from "taskbeam-client/react";
import { App } from "./App.js";

// Of the server this page comes from, or of ?server=http://…, which then has this page's origin in TASKBEAM_CORS_ORIGINS.
const client = connect(new URLSearchParams(location.search).get("server") ?? "");

createRoot(document.getElementById("app")!).render(
  <StrictMode>
    <TaskbeamProvider client={client}>
      <App />
    </TaskbeamProvider>
  </StrictMode>,
);
