import "@/styles.css";
import "@/composables/useTheme";
import { createPinia } from "pinia";
import { createApp } from "vue";
import App from "@/App.vue";
import { i18n, loadMessages } from "@/i18n";
import { router } from "@/router";

void loadMessages().then(() => createApp(App).use(createPinia()).use(i18n).use(router).mount("#app"));
