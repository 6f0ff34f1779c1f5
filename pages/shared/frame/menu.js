// Streamlit leaves the menu open, over the page that was chosen from it.
const OPEN_SIDEBAR = '[data-testid="stSidebar"][data-collapsed="false"]';
const BUTTON = `${OPEN_SIDEBAR} [data-testid="stSidebarCollapseButton"] button`;
const SMALL = 768; // pixels across, from which on Streamlit lays the sidebar beside the page
let shown;

export default function ({ data }) {
  if (shown !== undefined && shown !== data.page && innerWidth < SMALL) {
    document.querySelector(BUTTON)?.click();
  }
  shown = data.page;
}
