// Before anything is painted: a page that is to be dark never shows white first. Loaded as it is, not through the build.
document.documentElement.dataset.theme = localStorage.getItem("taskbeam.theme") ?? "auto";
