import { connect } from "taskbeam-client";
import { taskbeam } from "taskbeam-client/vue";
import { createApp } from "vue";
import App from "./App.vue";

// Of the server this page comes from, or of ?server=http://…, which then has this page's origin in TASKBEAM_CORS_ORIGINS.
const server = new URLSearchParams(location.search).get("server") ?? "";

createApp(App).use(taskbeam(connect(server))).mount("#app");
